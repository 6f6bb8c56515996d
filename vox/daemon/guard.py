"""Who may knock: every HTTP request and WebSocket upgrade passes here first, on every door.

A name that is not this machine's means that a web page has pointed its own domain at us (DNS rebinding): 421. An
`Origin` means that a web page asks: it must be on the user's list, exactly, else 403; our own pages may open the
sockets they are made for, and nothing else. No `Origin` means a program of this machine. Where a token is required, an
HTTP request without it gets 401; a WebSocket may send it in its frames. Refusals say nothing more.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Guard", "OwnPages", "origin_of"]


@dataclass(frozen=True, slots=True)
class OwnPages:
    """What the daemon itself gives browsers to show, by path."""

    shown: frozenset[str] = frozenset()
    """Pages that hold nothing but what everybody may know: whoever reaches the port may read them, by a link too."""
    sockets: frozenset[str] = frozenset()
    """WebSockets that those pages open. They are no less checked for a token than others."""


_NO_PAGES = OwnPages()


class Guard:
    """ASGI middleware that checks Host, Origin and token.

    Args:
        allows: Tells whether the web page of an origin may ask.
        is_name: Tells whether a host, lower case and without its port, is another name of ours.
        admits: Tells whether an HTTP request brings the token that is required, if one is.
        pages: Our own pages.
        words: The body of the refusal of an HTTP request, by its status; None for the published one.
    """

    def __init__(
        self,
        app: ASGIApp,
        allows: Callable[[str], bool],
        is_name: Callable[[str], bool] = lambda _: False,
        admits: Callable[[Scope], bool] = lambda _: True,
        pages: OwnPages = _NO_PAGES,
        words: Callable[[Scope, int], bytes | None] = lambda scope, status: None,
    ) -> None:
        self._app, self._allows, self._is_name, self._admits, self._pages = app, allows, is_name, admits, pages
        self._words = words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        status = self._refusal(scope)
        if status is None:
            await self._app(scope, receive, send)
        else:
            await _refuse(scope, send, status, self._words)

    def _refusal(self, scope: Scope) -> int | None:
        hosts = _header(scope, b"host")
        if len(hosts) != 1 or not self._is_own(_name_of(hosts[0])):
            return 421
        origin = origin_of(scope)
        if origin is not None and not self._allows(origin) and not self._is_own_page(scope, origin, hosts[0]):
            return 403
        shown = _is_read(scope) and scope["path"] in self._pages.shown
        if origin is None and not shown and _PAGES & set(_header(scope, b"sec-fetch-site")):
            return 403
        if scope["type"] == "http" and not shown and not _is_open(scope) and not self._admits(scope):
            return 401
        return None

    def _is_own_page(self, scope: Scope, origin: str, host: bytes) -> bool:
        """Whether a page that came from this very address opens a socket that is there for it. The host has been found
        to be ours, so no other server's page can have it in its origin."""
        if scope["type"] != "websocket" or scope["path"] not in self._pages.sockets:
            return False
        scheme, _, own = origin.partition("://")
        return scheme in ("http", "https") and own.lower() == host.decode("latin-1").lower()

    def _is_own(self, name: str) -> bool:
        return _is_own_name(name) or self._is_name(name)


_PAGES = {b"cross-site", b"same-site"}
"""What a browser says of a request that a page of another origin made, whether or not it names that origin."""


def origin_of(scope: Scope) -> str | None:
    """The web page that asks; None for a program. Several Origin headers are nobody's honest request."""
    origins = _header(scope, b"origin")
    if not origins:
        return None
    return origins[0].decode("latin-1") if len(origins) == 1 else "null"


def _is_open(scope: Scope) -> bool:
    """Whether it may be asked without a token: a browser sends none with the question whether it may ask."""
    return scope["path"] == "/healthz" or scope["method"] == "OPTIONS"


def _is_read(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in ("GET", "HEAD")


def _header(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def _name_of(host: bytes) -> str:
    """The host without its port; an IPv6 address keeps its brackets."""
    name = host.decode("latin-1").lower()
    head, colon, port = name.rpartition(":")
    return head if colon and port.isdigit() else name


@lru_cache(maxsize=64)  # asked with every request, mostly of the same name
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


async def _refuse(scope: Scope, send: Send, status: int, words: Callable[[Scope, int], bytes | None]) -> None:
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    body = b"" if scope["type"] == "websocket" else words(scope, status) or _BODIES.get(status, b"")
    headers = [(b"content-length", str(len(body)).encode("ascii")), (b"connection", b"close")]
    if body:
        headers.append((b"content-type", b"application/json"))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


_BODIES = {401: b'{"error":"Unauthorized"}', 403: b'{"error":"Origin not allowed"}'}
"""The published words; nothing in them depends on what was asked."""
