"""`GET /demo`: the page, under a policy that lets it do what it does and nothing more.

Its script and its style are named by their hashes, so that nothing which might get into the page can run. `blob:` is
for the worklet that reads the microphone, which the page makes of its own text. It may connect to this daemon alone.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

__all__ = ["PATH", "demo_route"]

PATH = "/demo"
"""Where the page is."""

_FILE = Path(__file__).with_name("page.html")
_HOST = re.compile(r"[a-zA-Z0-9.-]+(:[0-9]+)?")

_HEADERS = {
    "cache-control": "no-cache",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


def demo_route() -> Route:
    """The route."""
    return Route(PATH, _show, methods=["GET"])


async def _show(request: Request) -> Response:
    body, script, style = _page()
    policy = {
        "default-src": "'none'",
        "script-src": f"{script} blob:",
        "style-src": style,
        "connect-src": _own_sockets(request.headers.get("host", "")),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    told = "; ".join(f"{name} {value}" for name, value in policy.items())
    return Response(body, headers={**_HEADERS, "content-security-policy": told}, media_type="text/html; charset=utf-8")


def _own_sockets(host: str) -> str:
    """'self', and the same in words for browsers that leave WebSockets out of it. Who asks has been found to ask for a
    name of ours."""
    return f"'self' ws://{host} wss://{host}" if _HOST.fullmatch(host) else "'self'"


@cache
def _page() -> tuple[bytes, str, str]:
    """The page, and the policy's words for its script and its style."""
    body = _FILE.read_bytes()
    return body, _hash_of(body, b"script"), _hash_of(body, b"style")


def _hash_of(body: bytes, tag: bytes) -> str:
    text = body.partition(b"<%s>" % tag)[2].partition(b"</%s>" % tag)[0]
    return f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode('ascii')}'"
