"""Failures in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`, always all four.

The code is the one every other door sends, except where OpenAI's clients look for one of OpenAI's. The status is that
of the table in `vox.errors`, except where OpenAI's is another, or where its clients would take ours for an invitation:
they repeat 408, 409, 429 and 5xx by themselves, unless `x-should-retry` says no.
"""

import math
from typing import Any

import orjson

from vox.errors import NotAuthorized, OriginRefused, VoxError

__all__ = ["INVALID_REQUEST", "refused", "shape"]

INVALID_REQUEST = "invalid_request_error"
"""The type of everything that the client can mend."""

_STATUS = {
    "unsupported_audio": 400,
    "voice_not_found": 400,
    "unsupported": 400,
    "model_not_installed": 404,
}
_CODES = {"unauthorized": "invalid_api_key"}
_PARAMS = {
    "model_not_found": "model",
    "model_not_installed": "model",
    "voice_not_found": "voice",
    "unsupported_audio": "file",
    "audio_too_large": "file",
    "text_too_long": "input",
}
_TYPES = {402: "insufficient_quota", 429: "rate_limit_exceeded", 503: "overloaded"}
_REPEATED = (408, 409, 429)
_WAIT_MS = 1000  # for a capacity error that does not know: every 429 and 503 says when to come back


def shape(error: VoxError) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers of the answer that tells of an error. `details["param"]` names the field at fault."""
    status = _STATUS.get(error.code, error.http_status)
    kind = _TYPES.get(status, "server_error" if status >= 500 else INVALID_REQUEST)
    body = {
        "message": error.message,
        "type": kind,
        "param": error.details.get("param", _PARAMS.get(error.code)),
        "code": _CODES.get(error.code, error.code),
    }
    return status, {"error": body}, _headers(error, status)


def refused(path: str, status: int) -> bytes | None:
    """The body for a request that is turned away before any door; None where the path is none of OpenAI's. Nothing in
    it depends on what was asked."""
    error = _REFUSED.get(status)
    return orjson.dumps(shape(error)[1]) if error is not None and path.startswith(_PATHS) else None


_PATHS = ("/v1/audio/", "/v1/models", "/v1/realtime")
_REFUSED: dict[int, VoxError] = {
    401: NotAuthorized("Send the token of this daemon: Authorization: Bearer TOKEN, which is api_key in clients."),
    403: OriginRefused("Origin not allowed. List the page with: vox origins add ORIGIN"),
}


def _headers(error: VoxError, status: int) -> dict[str, str]:
    headers: dict[str, str] = {}
    if status in _REPEATED or status >= 500:
        headers["x-should-retry"] = "true" if error.retryable else "false"
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if status in (429, 503):
        wait_ms = max(1, round(error.details.get("retryAfterMs") or _WAIT_MS))
        headers |= {"retry-after": str(math.ceil(wait_ms / 1000)), "retry-after-ms": str(wait_ms)}
    return headers
