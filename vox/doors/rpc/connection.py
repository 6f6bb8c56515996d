"""One client connection: frames in, frames out, many calls at once, all ended when the connection ends."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from vox.doors.rpc.handler import Access
from vox.doors.rpc.methods import Methods
from vox.doors.rpc.wire import Call, read, write_error, write_event, write_push, write_push_json, write_result
from vox.errors import Cancelled, InvalidRequest, NotAuthorized, ProviderBusy, VoxError
from vox.log import get_logger

__all__ = ["MAX_IN_FLIGHT", "Connection"]

MAX_IN_FLIGHT = 256
"""Calls of one connection at once; the queues behind are bounded too, this one keeps a client from filling memory."""

_log = get_logger()


class Connection:
    """Serves the calls of one client.

    Args:
        send: Takes a frame to be sent; must not block, and may drop frames once the client is gone.
        tasks: Where the calls run; cancelling it cancels them, and with them the work behind.
        room: Returns once little of what was sent is still on its way.
    """

    def __init__(
        self,
        methods: Methods,
        access: Access,
        send: Callable[[bytes], None],
        tasks: TaskGroup,
        room: Callable[[], Awaitable[None]] = checkpoint,
    ) -> None:
        self._methods, self._access, self._send, self._tasks, self._room = methods, access, send, tasks, room
        self._scopes: dict[Any, anyio.CancelScope] = {}

    def receive(self, frame: bytes) -> None:
        """A frame came in."""
        calls, faults = read(frame)
        for fault in faults:
            self._send(fault)
        for call in calls:
            self._begin(call)

    def _begin(self, call: Call) -> None:
        if call.method == "$/cancel":
            scope = self._scopes.get(_key(call.params.get("id")))
            if scope is not None:
                scope.cancel()
            return
        if call.id is None:
            return  # a notification nobody here listens to
        if len(self._scopes) >= MAX_IN_FLIGHT:
            self._send(write_error(call, ProviderBusy(f"This connection has {MAX_IN_FLIGHT} calls in flight.")))
            return
        if _key(call.id) in self._scopes:
            self._send(write_error(call, InvalidRequest(f"The id {call.id!r} is in use by a call still running.")))
            return
        self._scopes[_key(call.id)] = anyio.CancelScope()
        self._tasks.start_soon(self._run, call)

    async def _run(self, call: Call) -> None:
        with self._scopes[_key(call.id)] as scope:
            self._send(await self._answer(call))
        if scope.cancelled_caught:
            self._send(write_error(call, Cancelled("The call was cancelled.")))
        self._scopes.pop(_key(call.id), None)

    async def _answer(self, call: Call) -> bytes:
        events = _Events(call, self._send, self._room, self._tasks)
        try:
            access = self._access_of(call)
            result = await self._methods.call(call.method, call.params, access, events, classic=not call.strict)
            return write_result(call, result)
        except VoxError as error:
            return write_error(call, error)
        except Exception as error:
            _log.exception("rpc.failed", method=call.method)
            return write_error(call, VoxError(f"Vox failed: {type(error).__name__}. See the daemon's log."))

    def _access_of(self, call: Call) -> Access:
        access = self._access if call.token is None else self._access.unlock(call.token)
        if access is None or not access.admitted:
            raise NotAuthorized("Unauthorized")
        return access


class _Events:
    """The events of one call."""

    __slots__ = ("_call", "_room", "_send", "_tasks")

    def __init__(
        self, call: Call, send: Callable[[bytes], None], room: Callable[[], Awaitable[None]], tasks: TaskGroup
    ) -> None:
        self._call, self._send, self._room, self._tasks = call, send, room, tasks

    def __call__(self, event: str, data: dict[str, Any], /) -> None:
        self._send(write_event(self._call, event, data))

    async def room(self) -> None:
        await self._room()

    def push(self, event: str, data: dict[str, Any], /) -> None:
        self._send(write_push(self._call, event, data))

    def push_json(self, event: str, data: bytes, /) -> None:
        self._send(write_push_json(self._call, event, data))

    def keep(self, run: Callable[[], Coroutine[Any, Any, None]], /) -> None:
        self._tasks.start_soon(run)


def _key(number: Any) -> Any:
    return number if isinstance(number, str | int | float | None) else repr(number)
