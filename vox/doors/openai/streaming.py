"""An answer that is sent while it is made.

It begins only when its first part is there, so that what goes wrong before is told by a status. When something goes
wrong after that, events end with one that says so; audio is cut off, so that nobody takes it for all there is.
"""

from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vox.doors.openai.answers import HEADERS
from vox.doors.openai.errors import shape
from vox.doors.presence import while_present
from vox.errors import Cancelled, VoxError
from vox.log import get_logger

__all__ = ["EVENTS", "Streamed", "begun", "event", "telling_errors"]

EVENTS = "text/event-stream"
"""The media type of events."""

_HEADERS = {**HEADERS, "x-accel-buffering": "no"}  # proxies shall pass on what they get at once

_log = get_logger()


class Streamed(Response):
    """A body in parts, which end when the client goes.

    Args:
        first: The beginning.
        rest: What follows; closed in any case.
    """

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes], media_type: str) -> None:
        super().__init__(None, 200, _HEADERS, media_type)
        del self.headers["content-length"]
        self._first, self._rest = first, rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Left without an end, the connection is closed by the server, which is how a client notices."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await while_present(receive, partial(self._send, send))
        except Cancelled:
            return
        except VoxError as error:
            _log.warning("openai.broken_off", path=scope["path"], code=error.code, why=error.message)
            return
        finally:
            await self._rest.aclose()
        await send({"type": "http.response.body", "body": b""})

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.body", "body": self._first, "more_body": True})
        async for part in self._rest:
            await send({"type": "http.response.body", "body": part, "more_body": True})


async def begun(request: Request, parts: AsyncGenerator[bytes], media_type: str) -> Response:
    """The answer made of these parts, once the first one is there.

    Raises:
        Cancelled: The client is gone.
        VoxError: As the first part.
    """
    first = await while_present(request.receive, partial(anext, parts, b""))
    return Streamed(first, parts, media_type)


def event(value: Mapping[str, Any]) -> bytes:
    """A server-sent event that carries a value."""
    return b"data: " + orjson.dumps(value) + b"\n\n"


async def telling_errors(events: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The events; what goes wrong after the first of them is told by one more."""
    is_begun = False
    try:
        async for one in events:
            yield one
            is_begun = True
    except VoxError as error:
        if not is_begun:
            raise
        yield event(shape(error)[1])
    finally:
        await events.aclose()
