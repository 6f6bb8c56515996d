"""One text on its way to the loudspeaker: speech that is made by one task and played by another."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeAlias

import anyio

from vox.errors import ModelNotFound, ModelNotInstalled, VoiceNotFound, VoxError
from vox.log import get_logger
from vox.runtime.requests import OnRoute, SynthesizeRequest
from vox.types import AudioChunk, Speech

__all__ = ["Saying", "Spoken", "Synthesize", "typed"]

_log = get_logger()

Synthesize: TypeAlias = Callable[[SynthesizeRequest, OnRoute], AsyncGenerator[AudioChunk | Speech]]
"""Speaks a text, and tells which model and voice do; closing it cancels that."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What became of a text."""

    duration_s: float
    """Of the speech; of what was made until now, where that is not all."""
    heard: bool
    """Whether it was played to its end; otherwise it plays on, or:"""
    stopped: bool
    """Whether it was stopped, perhaps before it began."""
    model: str | None
    voice: str | None
    notes: tuple[str, ...] = ()
    """What was asked for and could not be had."""


class Saying:
    """One text.

    Args:
        request: What is to be said.
        keep: Whether its speech is worth keeping.
    """

    def __init__(self, request: SynthesizeRequest, *, keep: bool = False) -> None:
        self.request, self.keep = request, keep
        self.over = asyncio.Event()
        """Set once it was heard, has failed or was stopped."""
        self.error: VoxError | None = None
        self.heard = self.stopped = False
        self.speech: Speech | None = None
        """What is known about it once all is made."""
        self.duration_s = 0.0
        self.waiting = 0
        """Bytes that are made and not taken."""
        self._model: str | None = None
        self._voice: str | None = None
        self._notes: list[str] = []
        self._chunks, self._made = deque[AudioChunk](), False
        self._news = asyncio.Event()
        self._making = anyio.CancelScope()

    def spoken(self) -> Spoken:
        """What became of it until now."""
        return Spoken(self.duration_s, self.heard, self.stopped, self._model, self._voice, tuple(self._notes))

    def end(self, error: VoxError | None = None) -> None:
        """It is over; the first word on it counts."""
        if not self.over.is_set():
            self.error, self.heard = error, error is None and not self.stopped
            self._making.cancel()
            self.over.set()
            self._news.set()

    def stop(self) -> None:
        """It is wanted no more."""
        self.stopped = True
        self.end()

    # ---- making

    async def make(self, synthesize: Synthesize, room: Callable[[], Awaitable[None]]) -> None:
        """Make it. A voice or a model that is not here is replaced by the default; that is noted. What fails ends it.

        Args:
            room: Waits until more may be made.
        """
        request, error = self.request, None
        with self._making:
            try:
                while True:
                    try:
                        await self._make(synthesize, request, room)
                        break
                    except (VoiceNotFound, ModelNotFound, ModelNotInstalled) as missing:
                        request = self._humbler(request, missing)
            except Exception as failure:  # for whoever asked, not for what waits behind it
                error = typed(failure)
        self._made = True
        self._news.set()
        if error is not None:
            self.end(error)

    def give(self, chunks: tuple[AudioChunk, ...], speech: Speech | None) -> None:
        """Take speech that was made before."""
        if speech is not None:
            self._routed(speech.model, speech.voice)
        for chunk in chunks:
            self._put(chunk)
        self._made = True
        self._news.set()

    async def _make(
        self,
        synthesize: Synthesize,
        request: SynthesizeRequest,
        room: Callable[[], Awaitable[None]],
    ) -> None:
        async with aclosing(synthesize(request, self._routed)) as parts:
            async for part in parts:
                if isinstance(part, AudioChunk):
                    self._put(part)
                    await room()
                else:
                    self.speech = part

    def _humbler(self, request: SynthesizeRequest, missing: VoxError) -> SynthesizeRequest:
        """The request without what is missing.

        Raises:
            VoxError: Nothing is left to do without.
        """
        if isinstance(missing, VoiceNotFound) and request.voice is not None:
            self._notes.append(missing.message)
            return replace(request, voice=None)
        if request.model is not None:
            self._notes.append(missing.message)
            return replace(request, model=None, voice=None)
        raise missing

    def _routed(self, model: str | None, voice: str | None) -> None:
        self._model, self._voice = model, voice

    def _put(self, chunk: AudioChunk) -> None:
        self._chunks.append(chunk)
        self.waiting += len(chunk.pcm)
        self.duration_s += len(chunk.pcm) / 2 / chunk.sample_rate
        self._news.set()

    # ---- playing

    async def next(self) -> AudioChunk | None:
        """The next piece of it; None when there is none any more, or it is over."""
        while True:
            if self.over.is_set():
                return None
            if self._chunks:
                chunk = self._chunks.popleft()
                self.waiting -= len(chunk.pcm)
                return chunk
            if self._made:
                return None
            self._news.clear()
            await self._news.wait()


def typed(error: Exception) -> VoxError:
    """The failure as clients are told of it; what nobody expected is in the log."""
    if isinstance(error, VoxError):
        return error
    _log.error("speech.broken", exc_info=error)
    return VoxError(f"The text could not be spoken: {type(error).__name__}. See the daemon's log.")
