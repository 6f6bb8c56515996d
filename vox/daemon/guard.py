"""Who may knock: every HTTP request and WebSocket upgrade passes here first, on every door.

A name that is not this machine's means that a web page has pointed its own domain at us (DNS rebinding): 421. An
`Origin` means that a web page asks: it must be on the user's list, exactly, else 403. No `Origin` means a program of
this machine. Refusals say nothing more.
"""

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Guard", "origin_of"]

_OWN_NAMES = {"127.0.0.1", "localhost", "[::1]"}


class Guard:
    """ASGI middleware that checks Host and Origin.

    Args:
        origins: Web pages that may ask, as scheme://host[:port].
    """

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

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
        if len(hosts) != 1 or _name_of(hosts[0]) not in _OWN_NAMES:
            return 421
        origin = origin_of(scope)
        if origin is not None and origin not in self._origins:
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


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "websocket.http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
