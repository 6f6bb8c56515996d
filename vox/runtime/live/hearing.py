"""The pieces of a recording, recognised one after the other while more are recorded.

A piece that cannot be recognised is kept and tried again: now and then while the recording goes on, and once it is
over for as long as somebody may be expected to wait.
"""

from collections import deque
from collections.abc import Awaitable, Callable

import anyio

from vox.audio.utterance import Utterance
from vox.errors import VoxError
from vox.types import Transcript

__all__ = ["PATIENCE_S", "Hearing"]

PATIENCE_S = 20.0
"""Seconds after the recording in which what failed for a passing reason is tried again: the published clients give up
a call that stops a session after 30."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 5.0  # between two tries; a failing provider has a back-off of its own


class Hearing:
    """Recognises pieces.

    Args:
        transcribe: Recognises one.
        take: Told of each piece that was recognised, in order.
        warn: Told of each failure that is tried again.
    """

    def __init__(
        self,
        transcribe: Callable[[Utterance], Awaitable[Transcript]],
        take: Callable[[Utterance, Transcript], None],
        warn: Callable[[VoxError], None],
    ) -> None:
        self._transcribe, self._take, self._warn = transcribe, take, warn
        self._pieces = deque[Utterance]()
        self._news, self._ended, self._done = anyio.Event(), anyio.Event(), anyio.Event()
        self._give_up_at = float("inf")
        self._error: VoxError | None = None
        self.waiting_s = 0.0
        """Seconds of audio that were not recognised yet."""
        self.added = 0
        """Pieces that were added."""

    def add(self, piece: Utterance) -> None:
        """Recognise this piece when its turn comes."""
        self._pieces.append(piece)
        self.waiting_s += piece.duration_s
        self.added += 1
        self._news.set()

    def end(self) -> None:
        """No other piece will come."""
        self._give_up_at = anyio.current_time() + PATIENCE_S
        self._ended.set()
        self._news.set()

    async def wait(self) -> None:
        """Wait until all is recognised.

        Raises:
            VoxError: What was added last could not be recognised.
        """
        await self._done.wait()
        if self._error is not None:
            raise self._error

    async def run(self) -> None:
        """Recognise, until all is done or nothing more can be."""
        try:
            while (piece := await self._next()) is not None:
                self._take(piece, await self._recognise(piece))
                self.waiting_s -= piece.duration_s
        except VoxError as error:
            self._error = error
        self._done.set()

    async def _next(self) -> Utterance | None:
        while not self._pieces:
            if self._ended.is_set():
                return None
            self._news = anyio.Event()
            await self._news.wait()
        return self._pieces.popleft()

    async def _recognise(self, piece: Utterance) -> Transcript:
        pause_s = _FIRST_PAUSE_S
        while True:
            is_last = self._ended.is_set()
            try:
                return await self._transcribe(piece)
            except VoxError as error:
                wait_s = max(pause_s, error.details.get("retryAfterMs", 0) / 1000)
                too_late = anyio.current_time() + wait_s > self._give_up_at
                if is_last and (too_late or not error.retryable):
                    raise
                self._warn(error)
            await self._pause(wait_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than the recording goes on: its end is a new chance, and somebody waits."""
        if self._ended.is_set():
            await anyio.sleep(seconds)
            return
        with anyio.move_on_after(seconds):
            await self._ended.wait()
