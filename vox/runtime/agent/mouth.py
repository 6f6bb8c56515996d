"""A text that is being written, spoken while it is written.

Whoever writes never waits; whoever listens does. Between them one task has the pieces synthesised, each while the one
before it is heard, and never more than two ahead: when the listener interrupts, little was made in vain.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from types import TracebackType

import anyio

from vox.errors import Cancelled
from vox.runtime.agent.pace import Pace
from vox.runtime.agent.piece import Piece, Spoken
from vox.runtime.agent.sentences import LONGEST, Sentences
from vox.runtime.agent.spoken_text import SpokenText
from vox.runtime.streams import Feed
from vox.types import AudioChunk, Speech

__all__ = ["Mouth", "Spoken", "Synthesize"]

Synthesize = Callable[[str], AsyncGenerator[AudioChunk | Speech]]
"""Speaks a text; closing it cancels that."""

_AHEAD = 2  # pieces
_SHORT_S = 1.0  # with less speech left than this, a sentence is said alone rather than joined with the next


class Mouth:
    """Speaks what is written. An async context manager, whose end cancels what is still being made, and an iterator.

    Args:
        synthesize: Speaks one piece.
        rate: Of the speech that is given, in Hz.
        stall_s: After so long without a new word, what there is is spoken.
    """

    def __init__(self, synthesize: Synthesize, rate: int = 24_000, stall_s: float = 0.4) -> None:
        self._synthesize, self._rate, self._stall_s = synthesize, rate, stall_s
        self._sentences, self._cleaner = Sentences(), SpokenText()
        self._pace = Pace()
        self._written: deque[str | None] = deque()  # None where a piece must end
        self._pieces: deque[tuple[str, str]] = deque()
        self._feed: Feed[tuple[Spoken, bool]] = Feed()
        self._news = asyncio.Event()
        self._ended = self._speaks = False
        self._begun = self._heard = 0
        self._written_at = self._silent_at = 0.0
        self._scope = anyio.CancelScope()
        self._task: asyncio.Task[None]

    # ---- for the writer

    def write(self, delta: str) -> None:
        """Add text.

        Raises:
            ValueError: The text has ended.
        """
        if self._ended:
            raise ValueError("The text has ended; nothing can be written any more.")
        self._written_at = anyio.current_time()
        self._written.extend(delta[start : start + LONGEST] for start in range(0, len(delta), LONGEST))
        self._news.set()

    def flush(self) -> None:
        """Say what there is: more may not come for a long time."""
        self._written.append(None)
        self._news.set()

    def end(self) -> None:
        """No more text will come. May be called again."""
        self.flush()
        self._ended = True

    # ---- for the listener

    async def __aenter__(self) -> "Mouth":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, _: object, __: object, ___: TracebackType | None) -> None:
        self._scope.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait([self._task])

    def __aiter__(self) -> "Mouth":
        return self

    async def __anext__(self) -> Spoken:
        """The next moment of speech.

        Raises:
            VoxError: A piece could not be spoken; what came before it was given.
        """
        spoken, begins = await anext(self._feed)
        if begins:
            self._heard += 1
            self._news.set()
        return spoken

    # ---- between them

    async def _run(self) -> None:
        try:
            with self._scope:
                while (piece := await self._next()) is not None:
                    await self._say(*piece)
                self._feed.end()
        except Exception as error:  # for the listener, who may still be hearing what came before
            self._feed.end(error)
        finally:
            self._feed.end(Cancelled("The speech was ended."))

    async def _next(self) -> tuple[str, str] | None:
        """The next piece, as it is written and as it is said, once it is its turn; None at the end of the text."""
        while True:
            self._news.clear()
            self._cut()
            if self._pieces and self._begun < self._heard + _AHEAD:
                return self._pieces.popleft()
            if self._ended and not self._pieces:
                return None
            with anyio.move_on_at(self._patience()):
                await self._news.wait()
                continue
            self._add(self._sentences.pause())
            self._written_at = anyio.current_time()

    def _cut(self) -> None:
        """Make the next piece of what was written; the rest of a book can wait until then."""
        while self._written and not self._pieces:
            delta = self._written.popleft()
            self._add(self._sentences.flush() if delta is None else self._sentences.feed(delta))

    def _add(self, pieces: Iterable[str]) -> None:
        for written in pieces:
            spoken = self._cleaner.clean(written)
            self._speaks = self._speaks or bool(spoken)
            self._sentences.small = not self._speaks
            self._pieces.append((written, spoken))

    def _patience(self) -> float:
        """Until when more text is waited for."""
        if self._pieces or not self._sentences.waiting:
            return float("inf")
        stalled = self._written_at + self._stall_s
        return min(stalled, self._silent_at - _SHORT_S) if self._speaks and self._sentences.whole else stalled

    async def _say(self, written: str, spoken: str) -> None:
        self._begun += 1
        piece, first = Piece(written, spoken, self._rate, self._pace), True
        if spoken:
            async with aclosing(self._synthesize(spoken)) as stream:
                async for chunk in stream:
                    if isinstance(chunk, AudioChunk) and (moments := piece.take(chunk)):
                        self._give(moments, first)
                        first = False
        self._give(piece.finish(), first)

    def _give(self, moments: list[Spoken], begins: bool) -> None:
        for index, spoken in enumerate(moments):
            self._silent_at = max(anyio.current_time(), self._silent_at) + len(spoken.pcm) / (2 * self._rate)
            self._feed.put((spoken, begins and not index), len(spoken.pcm))
