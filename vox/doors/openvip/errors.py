"""Failures in OpenVIP's shape: `{"openvip", "error", "code", "id", "ref"}`.

Two members are added: `detail`, the same words, where clients of another server look for them; and `x_vox`, with the
code that every door of Vox sends. OpenVIP has five codes; a failure that none of them names goes without.
"""

import math
from os import urandom
from typing import Any

import orjson

from vox.errors import InvalidRequest, NotAuthorized, OriginRefused, VoxError

__all__ = ["VERSION", "Refusal", "new_id", "refused", "shape"]

VERSION = "1.0"
"""The protocol's version, on every payload."""


class Refusal(InvalidRequest):
    """What HTTP has a status for, and no other door a need: no row of its own in the table of errors.

    Args:
        status: Of the answer.
        headers: Further ones of the answer.
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}


def new_id() -> str:
    """A random UUID, for a third of what the standard library takes: every answer has two."""
    drawn = bytearray(urandom(16))
    drawn[6], drawn[8] = drawn[6] & 0x0F | 0x40, drawn[8] & 0x3F | 0x80  # version 4, as RFC 9562 writes it
    text = drawn.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def shape(error: VoxError, ref: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers of the answer that tells of an error.

    Args:
        ref: Id of the request, a UUID.
    """
    status = error.status if isinstance(error, Refusal) else error.http_status
    body: dict[str, Any] = {"openvip": VERSION, "error": error.message, "id": new_id(), "ref": ref}
    code = "INTERNAL_ERROR" if status >= 500 else _CODES.get(status)
    if code is not None:
        body["code"] = code
    body["detail"] = error.message
    body["x_vox"] = {name: value for name, value in error.info().items() if name != "message"}
    return status, body, _headers(error, status)


def refused(status: int) -> bytes | None:
    """The body for a request that is turned away before any door. Nothing in it depends on what was asked."""
    error = _REFUSED.get(status)
    return orjson.dumps(shape(error, new_id())[1]) if error is not None else None


_CODES = {
    400: "INVALID_FORMAT",
    404: "NOT_FOUND",
    405: "NOT_FOUND",
    409: "CONFLICT",
    413: "INVALID_FORMAT",
    415: "INVALID_FORMAT",
    422: "INVALID_FORMAT",
}
_REFUSED: dict[int, VoxError] = {
    401: NotAuthorized("Send the token of this daemon: Authorization: Bearer TOKEN, which is token in clients."),
    403: OriginRefused("Origin not allowed. List the page with: vox origins add ORIGIN"),
    421: OriginRefused("This is not a name of this machine. List it under allowedHosts, or ask 127.0.0.1."),
}
_WAIT_MS = 1000  # for a capacity error that does not know


def _headers(error: VoxError, status: int) -> dict[str, str]:
    headers = dict(error.headers) if isinstance(error, Refusal) else {}
    if status in (429, 503):
        headers["retry-after"] = str(max(1, math.ceil((error.details.get("retryAfterMs") or _WAIT_MS) / 1000)))
    return headers
