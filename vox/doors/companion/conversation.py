"""A call of the client RPC as an HTTP answer in lines (NDJSON): `{event, data}` as it happens, at last `{result}` or
`{error}`. The answer is the connection: a client that leaves cancels the call and all it began, the microphone first.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio
import orjson
from anyio.abc import TaskGroup
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vox.doors.presence import wait_until_gone
from vox.doors.rpc.handler import Emit
from vox.doors.rpc.server import Outbox
from vox.errors import VoxError
from vox.log import get_logger

__all__ = ["Conversation", "Silent"]

_log = get_logger()

_HEADERS = [
    (b"content-type", b"application/x-ndjson"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


class Conversation(Response):
    """The answer to one request.

    Args:
        call: Runs the method with the emitter it is given.
        heard: Told of every event.
        ended: Called when all is over.
    """

    def __init__(
        self,
        call: Callable[[Emit], Awaitable[dict[str, Any]]],
        heard: Callable[[dict[str, Any]], None],
        ended: Callable[[], None],
    ) -> None:
        self._call, self._heard, self._ended = call, heard, ended
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it until it is over or the client is gone."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            async with anyio.create_task_group() as tasks:
                await self._serve(tasks, receive, send)
                tasks.cancel_scope.cancel()
        finally:
            self._ended()
        await send({"type": "http.response.body", "body": b""})

    async def _serve(self, tasks: TaskGroup, receive: Receive, send: Send) -> None:
        async def write(lines: list[bytes]) -> None:
            await send({"type": "http.response.body", "body": b"".join(lines), "more_body": True})

        async def watch() -> None:
            await wait_until_gone(receive)
            tasks.cancel_scope.cancel()

        outbox = Outbox(tasks.cancel_scope.cancel)
        tasks.start_soon(outbox.run, write)
        tasks.start_soon(watch)
        outbox.put(await self._last_line(_Lines(outbox, tasks, self._heard)))
        await outbox.flushed()

    async def _last_line(self, emit: Emit) -> bytes:
        try:
            return _line({"result": await self._call(emit)})
        except VoxError as raised:
            error = raised
        except Exception as raised:
            _log.exception("companion.failed")
            error = VoxError(f"Vox failed: {type(raised).__name__}. See the daemon's log.")
        return _line({"error": error.message, "errorInfo": error.info()})


class Silent:
    """Takes the events of a call whose client gets its answer alone."""

    def __call__(self, event: str, data: dict[str, Any], /) -> None:
        """Drop it."""

    async def room(self) -> None:
        """There is always room for nothing."""

    def push(self, event: str, data: dict[str, Any], /) -> None:
        """Drop it."""

    def push_json(self, event: str, data: bytes, /) -> None:
        """Drop it."""

    def keep(self, run: Callable[[], Coroutine[Any, Any, None]], /) -> None:
        """Refuse: there is no connection that it could outlive the call on."""
        raise VoxError("This method needs a connection: use the WebSocket.")


class _Lines:
    """The events of one call, as lines."""

    def __init__(self, outbox: Outbox, tasks: TaskGroup, heard: Callable[[dict[str, Any]], None]) -> None:
        self._outbox, self._tasks, self._heard = outbox, tasks, heard

    def __call__(self, event: str, data: dict[str, Any], /) -> None:
        self._heard(data)
        self._outbox.put(_line({"event": event, "data": data}))

    async def room(self) -> None:
        await self._outbox.room()

    def push(self, event: str, data: dict[str, Any], /) -> None:
        self(event, data)

    def push_json(self, event: str, data: bytes, /) -> None:
        self(event, orjson.loads(data))

    def keep(self, run: Callable[[], Coroutine[Any, Any, None]], /) -> None:
        self._tasks.start_soon(run)


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value) + b"\n"
