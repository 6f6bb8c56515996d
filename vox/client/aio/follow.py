"""A call whose events are read while it runs."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from vox.client.aio.connection import OnFrame
from vox.errors import Cancelled

__all__ = ["MAX_UNREAD", "Followed"]

MAX_UNREAD = 256 << 20
"""Bytes of events that may wait for their reader: the speech of an hour. They come over the connection that other calls
use, too, so they cannot be left in the daemon until somebody wants them."""

_REPLACED = {"transcribe.partial", "session.level", "queue.position"}  # of which only the newest means anything


class Followed:
    """The events of one call, name and data, in their order; the call begins with the first look at them.

    Leaving before the end cancels the call: use it in an `async with` block, or close it.

    Args:
        begin: Makes the call, with what takes its events.
    """

    def __init__(self, begin: Callable[[OnFrame], Awaitable[dict[str, Any]]]) -> None:
        self._begin = begin
        self._task: asyncio.Future[dict[str, Any]] | None = None
        self._events = deque[tuple[str, dict[str, Any], int]]()
        self._bytes = 0
        self._news = asyncio.Event()
        self.answer: dict[str, Any] = {}
        """The daemon's answer as it came, once all events have been read."""

    def __aiter__(self) -> "Followed":
        return self

    async def __anext__(self) -> tuple[str, dict[str, Any]]:
        """The next event; waits for it.

        Raises:
            DaemonUnavailable: There is no daemon to ask, or it went away.
            Cancelled: The events were read too slowly.
            VoxError: What the daemon answered.
        """
        if self._task is None:
            self._task = asyncio.ensure_future(self._begin(self._put))
            self._task.add_done_callback(self._ended)
        while not self._events:
            if self._task.cancelled():  # by `aclose`
                raise StopAsyncIteration
            if self._task.done():
                self.answer = self._task.result()
                raise StopAsyncIteration
            await self._news.wait()
            self._news.clear()
        name, data, size = self._events.popleft()
        self._bytes -= size
        return name, data

    async def aclose(self) -> None:
        """End the call if it still runs. May be called more than once."""
        self._events.clear()
        self._bytes = 0
        if self._task is None:
            self._task = asyncio.get_running_loop().create_future()
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def _put(self, name: str, data: dict[str, Any], size: int) -> None:
        if name in _REPLACED and self._events and self._events[-1][0] == name:
            self._bytes -= self._events.pop()[2]
        if self._bytes + size > MAX_UNREAD:
            raise Cancelled(f"More than {MAX_UNREAD >> 20} MiB of the call's events have not been read; it was ended.")
        self._events.append((name, data, size))
        self._bytes += size
        self._news.set()

    def _ended(self, task: "asyncio.Future[dict[str, Any]]") -> None:
        if not task.cancelled():
            task.exception()  # is raised to the reader, if there is one any more
        self._news.set()
