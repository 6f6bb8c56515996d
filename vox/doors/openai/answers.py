"""Answers as OpenAI's clients read them, and whatever goes wrong as one of them."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from vox.doors.openai.errors import INVALID_REQUEST, shape
from vox.errors import VoxError
from vox.log import get_logger

__all__ = ["HANDLERS", "HEADERS", "Endpoint", "answer", "answering", "refusal"]

HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""On every answer: no browser may keep it or take it for something else."""

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

_GONE = 499  # nobody reads it; the number says so in a log

_log = get_logger()


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(value), status, {**HEADERS, **(headers or {})}, "application/json")


def refusal(error: VoxError) -> Response:
    """The answer that tells of an error."""
    status, body, headers = shape(error)
    return answer(body, status, headers)


def answering(endpoint: Endpoint) -> Endpoint:
    """The endpoint with whatever goes wrong as an answer, and a number on every answer by which the log tells of it."""

    async def run(request: Request) -> Response:
        number = _number()
        try:
            response = await endpoint(request)
        except VoxError as error:
            response = refusal(error)
        except ClientDisconnect:
            response = Response(status_code=_GONE)
        except Exception as error:
            _log.exception("openai.failed", path=request.url.path, request=number)
            response = refusal(VoxError(f"Vox failed: {type(error).__name__}. See the daemon's log for {number}."))
        response.headers["x-request-id"] = number
        return response

    return run


def _number() -> str:
    return f"req_{secrets.token_hex(12)}"


async def _unknown(request: Request, error: Exception) -> Response:
    """What nobody serves, and what is served to another method; outside `/v1` in plain words, as before."""
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith("/v1/"):
        return PlainTextResponse(error.detail, error.status_code, headers=error.headers)
    asked = f"{request.method} {request.url.path}"
    told = f"There is no {asked} here. See /docs for what there is."
    code = "unknown_url" if error.status_code == 404 else "method_not_allowed"
    body = {"message": told, "type": INVALID_REQUEST, "param": None, "code": code}
    return answer({"error": body}, error.status_code, {**(error.headers or {}), "x-request-id": _number()})


HANDLERS = {404: _unknown, 405: _unknown}
"""For the application: how it says that there is no such thing."""
