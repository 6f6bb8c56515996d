"""`GET /events`: the events as newline-delimited JSON, for what can read HTTP and nothing else."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from vox.doors.events.lines import HEARTBEAT_S, lines
from vox.doors.events.view import View
from vox.doors.rpc.handler import Access
from vox.errors import InvalidRequest, VoxError
from vox.runtime.events import Events

__all__ = ["event_route"]


def event_route(events: Events, access_of: Callable[[Scope], Access], heartbeat_s: float = HEARTBEAT_S) -> Route:
    """The route, for the application that serves the port.

    Args:
        access_of: What a request may see.
    """
    return Route("/events", partial(_serve, events, access_of, heartbeat_s), methods=["GET"])


async def _serve(
    events: Events, access_of: Callable[[Scope], Access], heartbeat_s: float, request: Request
) -> Response:
    try:
        given = request.query_params
        stream = lines(
            events, View(access_of(request.scope)), _topics(request), _since(request), given.get("epoch"), heartbeat_s
        )
        first = await anext(stream)
    except VoxError as error:
        return JSONResponse({"error": error.info()}, status_code=error.http_status)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_all(first, stream), media_type="application/x-ndjson", headers=headers)


async def _all(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


def _topics(request: Request) -> list[str] | None:
    given = request.query_params.get("topics", "")
    return [topic.strip() for topic in given.split(",") if topic.strip()] or None


def _since(request: Request) -> int | None:
    given = request.query_params.get("since")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 15:
        raise InvalidRequest("since must be the number of an event.")
    return int(given)
