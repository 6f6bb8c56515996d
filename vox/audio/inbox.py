"""What a device's thread has heard and nobody has taken yet: bounded, oldest sound dropped first and counted."""

import asyncio
import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass

__all__ = ["Inbox", "Piece"]


@dataclass(slots=True)
class Piece:
    """Sound as the device gave it."""

    content: bytes
    frames: int
    lost: int = 0
    """Frames that are missing just before."""


class Inbox:
    """Filled by one thread, emptied by one task.

    Args:
        limit: Frames kept when nobody takes any.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: deque[Piece] = deque()
        self._frames = 0
        self._changed = threading.Condition()
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._ended = False
        self._last = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since something came in, or since the beginning."""
        return time.monotonic() - self._last

    @property
    def ended(self) -> bool:
        """Whether nothing more will come; there may be pieces left."""
        return self._ended

    def put(self, piece: Piece) -> None:
        """Take a piece in; never waits for whoever listens."""
        with self._changed:
            self._pieces.append(piece)
            self._frames += piece.frames
            self._last = time.monotonic()
            while self._frames > self._limit and len(self._pieces) > 1:
                dropped = self._pieces.popleft()
                self._frames -= dropped.frames
                self._pieces[0].lost += dropped.frames + dropped.lost
        self._wake()

    def end(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._ended = True
        self._wake()

    def take(self) -> Piece | None:
        """The oldest piece, None when there is none now."""
        with self._changed:
            if not self._pieces:
                return None
            piece = self._pieces.popleft()
            self._frames -= piece.frames
            return piece

    def wait_first(self, seconds: float) -> bool:
        """Block this thread until there is something or the end has come; whether there is something."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._ended, seconds)
            return bool(self._pieces)

    async def wait(self, seconds: float) -> bool:
        """Until there is something or the end has come; false when the time is over and neither is so."""
        event = asyncio.Event()
        with self._changed:
            if self._pieces or self._ended:
                return True
            self._waiter = (asyncio.get_running_loop(), event)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
        return bool(self._pieces) or self._ended

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            with contextlib.suppress(RuntimeError):  # a loop that was closed meanwhile: nobody listens any more
                waiter[0].call_soon_threadsafe(waiter[1].set)
