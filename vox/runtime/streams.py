"""Calls whose parts are read while they run: speech as it is made, text as it is heard.

The provider's call runs as a task of the runtime; its reader is whoever iterates. Leaving the iteration, by a break, an
error or a cancellation, ends the call as if it had been cancelled. No scope is held open while a reader is away, so the
iterators may be used, and closed, in any task.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

from vox.errors import Cancelled
from vox.host.process import Streaming
from vox.protocol.peer import Notice
from vox.protocol.streams import AUDIO, PARTIAL, AudioStream, read_partial
from vox.runtime.account import Account
from vox.types import AudioChunk, Partial

__all__ = ["LONGEST", "MAX_UNREAD", "Feed", "Followed", "hear", "speak"]

MAX_UNREAD = 64 << 20
"""Bytes of speech made and not yet read: 23 minutes at 24 kHz, more than a provider is asked for at once."""

LONGEST = 4
"""How many times the time limit of a plain call a call may take that goes on sending parts."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Feed(Generic[_Item]):
    """What a call has sent and its reader has not taken yet.

    A reader that is too slow gets its call ended, with `Cancelled`, once `bound` bytes wait for it. The alternatives
    are worse: to stop reading from the provider would stop its other calls, which share the pipe; to keep everything
    would let one listener fill the memory; to leave something out would be the wrong speech. Whoever plays speech as
    it comes stays far below the bound, because a request is bounded in length.
    """

    def __init__(self, bound: int = MAX_UNREAD) -> None:
        self._bound = bound
        self._items: deque[tuple[_Item, int]] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._ended = False
        self._error: BaseException | None = None

    def put(self, item: _Item, size: int = 0) -> None:
        """Add an item that counts as `size` bytes.

        Raises:
            Cancelled: The reader is too far behind; what it has not read is dropped.
        """
        if self._size + size > self._bound:
            unread, self._size = self._size, 0
            self._items.clear()
            raise Cancelled(
                f"The speech was ended because its reader is too slow: {unread} bytes wait to be read.",
                reason="slow_reader",
                unreadBytes=unread,
            )
        self._items.append((item, size))
        self._size += size
        self._news.set()

    def replace(self, item: _Item) -> None:
        """Add an item that makes those before it superfluous."""
        self._items.clear()
        self._items.append((item, 0))
        self._news.set()

    def end(self, error: BaseException | None = None) -> None:
        """Nothing else will come; the first word on it counts."""
        if not self._ended:
            self._ended, self._error = True, error
            self._news.set()

    def __aiter__(self) -> "Feed[_Item]":
        return self

    async def __anext__(self) -> _Item:
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        item, size = self._items.popleft()
        self._size -= size
        return item


class Followed(Generic[_Item, _Result]):
    """Runs `work` while what it puts into `feed` is read: `async with Followed(…) as call: async for part in call: …`.

    The context's end waits until the work has ended, and cancels it if it has not. An error of the work is raised where
    it is read, behind the parts that came before it.

    Args:
        tasks: Where the work runs.
        work: Gives the result.
    """

    result: _Result
    """What the work gave; there once the iteration has ended by itself."""

    def __init__(self, tasks: TaskGroup, feed: Feed[_Item], work: Callable[[], Awaitable[_Result]]) -> None:
        self._tasks, self._feed, self._work = tasks, feed, work
        self._scope = anyio.CancelScope()
        self._done = asyncio.Event()

    async def __aenter__(self) -> "Followed[_Item, _Result]":
        self._tasks.start_soon(self._run)
        return self

    async def __aexit__(self, _: object, __: object, ___: TracebackType | None) -> None:
        self._scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._done.wait()

    def __aiter__(self) -> Feed[_Item]:
        return self._feed

    async def _run(self) -> None:
        try:
            with self._scope:
                self.result = await self._work()
                self._feed.end()
        except Exception as error:  # for the reader, not for the runtime's other tasks
            self._feed.end(error)
        finally:
            self._feed.end(Cancelled("Vox is ending."))
            self._done.set()


def speak(audio: AudioStream, feed: Feed[AudioChunk], account: Account, timeout_s: float) -> Streaming:
    """Takes speech from a call's notifications to its reader, and notes when it began."""

    def take(notice: Notice) -> None:
        if notice.method != AUDIO:
            return
        pcm = audio.take(notice)
        if not pcm:
            return
        if audio.size == len(pcm):
            account.begun("firstAudioMs")
        assert audio.rate is not None  # `take` refuses audio of an unknown rate
        feed.put(AudioChunk(pcm, audio.rate), len(pcm))

    return Streaming(take, timeout_s, LONGEST * timeout_s, lambda: audio.begun)


def hear(feed: Feed[Partial], account: Account, timeout_s: float) -> Streaming:
    """Takes partial text from a call's notifications to its reader, and notes when it began. A reader that is slow
    gets the latest, which holds all the others."""
    begun = False

    def take(notice: Notice) -> None:
        nonlocal begun
        if notice.method != PARTIAL:
            return
        partial = Partial(*read_partial(notice))
        if not begun:
            account.begun("firstPartialMs")
        begun = True
        feed.replace(partial)

    return Streaming(take, timeout_s, LONGEST * timeout_s, lambda: begun)
