"""Who may knock: every HTTP request and WebSocket upgrade passes here first, on every door.

A name that is not this machine's means that a web page has pointed its own domain at us (DNS rebinding): 421. An
`Origin` means that a web page asks: it must be on the user's list, exactly, else 403. No `Origin` means a program of
this machine. Refusals say nothing more.
"""

import ipaddress
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Guard", "origin_of"]


class Guard:
    """ASGI middleware that checks Host and Origin.

    Args:
        allows: Tells whether the web page of an origin may ask.
    """

    def __init__(self, app: ASGIApp, allows: Callable[[str], bool]) -> None:
        self._app = app
        self._allows = allows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        status = self._refusal(scope)
        if status is None:
            await self._app(scope, receive, send)
        else:
            await _refuse(scope, send, status)

    def _refusal(self, scope: Scope) -> int | None:
        hosts = _header(scope, b"host")
        if len(hosts) != 1 or not _is_own_name(_name_of(hosts[0])):
            return 421
        origin = origin_of(scope)
        if origin is not None and not self._allows(origin):
            return 403
        if origin is None and b"cross-site" in _header(scope, b"sec-fetch-site"):
            return 403
        return None


def origin_of(scope: Scope) -> str | None:
    """The web page that asks; None for a program. Several Origin headers are nobody's honest request."""
    origins = _header(scope, b"origin")
    if not origins:
        return None
    return origins[0].decode("latin-1") if len(origins) == 1 else "null"


def _header(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def _name_of(host: bytes) -> str:
    """The host without its port; an IPv6 address keeps its brackets."""
    name = host.decode("latin-1").lower()
    head, colon, port = name.rpartition(":")
    return head if colon and port.isdigit() else name


def _is_own_name(name: str) -> bool:
    """`localhost`, or a loopback address written as a number: only a name can be pointed somewhere else."""
    if name == "localhost":
        return True
    literal = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    if (":" in literal) != name.startswith("["):
        return False
    try:
        return ipaddress.ip_address(literal).is_loopback
    except ValueError:
        return False


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "websocket.http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
