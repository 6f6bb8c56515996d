"""Telling browsers that a listed page may read the answers. Whoever comes here has passed the guard.

A page whose origin is not listed never gets one of these headers, so that its browser keeps every answer from it.
"""

import re
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vox.daemon.guard import origin_of

__all__ = ["Cors"]

_TOLD = b"x-request-id, retry-after, retry-after-ms, x-should-retry"  # beside the body, what a page may read
_MAX_AGE = b"86400"  # seconds a browser may remember the permission; a day, as published


class Cors:
    """ASGI middleware that answers preflights, and names the page on every other answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        origin = origin_of(scope) if scope["type"] == "http" else None
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await _preflight(scope, send, origin)
        elif origin is None:
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _naming(origin, send))


async def _preflight(scope: Scope, send: Send, origin: str | None) -> None:
    headers: list[tuple[bytes, bytes]] = [] if origin is None else _permission(scope, origin)
    await send({"type": "http.response.start", "status": 403 if origin is None else 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _permission(scope: Scope, origin: str) -> list[tuple[bytes, bytes]]:
    headers = [
        *_name(origin),
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", _allowed_headers(scope)),
        (b"access-control-max-age", _MAX_AGE),
    ]
    if (b"access-control-request-private-network", b"true") in scope["headers"]:
        headers.append((b"access-control-allow-private-network", b"true"))
    return headers


def _allowed_headers(scope: Scope) -> bytes:
    """What pages may send: our own, and what OpenAI's clients say about themselves, by name, as they ask for it."""
    asked = b",".join(value for name, value in scope["headers"] if name == b"access-control-request-headers")
    names = [name.strip().lower() for name in asked.split(b",")]
    return b", ".join([_HEADERS, *(name for name in names[:_MOST_HEADERS] if _OF_CLIENTS.fullmatch(name))])


_HEADERS = b"Content-Type, Authorization"
_OF_CLIENTS = re.compile(rb"(?:x-stainless|openai)-[a-z0-9-]{1,64}|x-vox-client")
_MOST_HEADERS = 64


def _naming(origin: str, send: Send) -> Send:
    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer: MutableMapping[str, Any] = {**message, "headers": [*message.get("headers", []), *_name(origin)]}
            await send(answer)
        else:
            await send(message)

    return named


def _name(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", _TOLD),
        (b"vary", b"Origin"),
    ]
