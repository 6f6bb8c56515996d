"""Listening to speech that was just made, to tell when each word of its text is heard.

What a listener finds out is an addition to the speech: when it fails, the speech is given without it, and the log says
why.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Protocol

import anyio

from vox.audio import wav
from vox.errors import VoxError
from vox.log import get_logger
from vox.runtime.cues import Cue, Timing, time_text
from vox.runtime.requests import Caller, TranscribeRequest
from vox.types import AudioChunk, Speech, Transcript

__all__ = ["Overheard", "Recogniser", "SpeechTiming", "TimingRequest", "time_speech"]

MAX_TIMED = 100_000
"""Characters of a text that is timed: nearly two hours of speech."""

_MAX_KEPT = 512 << 20  # bytes of a stream that is also kept for listening; more than `MAX_TIMED` characters need
_AT_ONCE = 2_000  # characters that are compared in about ten milliseconds; more of them go to a thread
_ROUTE = "speechTiming"  # in telemetry, where the recognition is a call of its own

_log = get_logger()


class Recogniser(Protocol):
    """What listens: the runtime."""

    async def transcribe(self, request: TranscribeRequest, caller: Caller) -> Transcript:
        """As `Runtime.transcribe`."""
        ...


@dataclass(frozen=True, slots=True)
class TimingRequest:
    """Which places of a text are of interest, and which model shall listen; None for the default."""

    model: str | None = None
    cues: tuple[Cue, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeechTiming:
    """When the words and cues of a text are heard; `elapsed_ms` is what listening took."""

    model: str
    elapsed_ms: float
    timing: Timing


async def time_speech(
    recogniser: Recogniser, text: str, speech: Speech, wanted: TimingRequest, caller: Caller
) -> SpeechTiming | None:
    """Listen to the speech of a text. None when that is not possible."""
    begin = perf_counter()
    try:
        if len(text) > MAX_TIMED:
            raise VoxError(f"The text has {len(text)} characters; at most {MAX_TIMED} are timed.")
        if not speech.audio:
            raise VoxError("The speech is longer than what is kept of a stream.")
        request = TranscribeRequest(_readable(speech), wanted.model, words=True)
        heard = await recogniser.transcribe(request, replace(caller, method=_ROUTE, on_wait=None))
    except VoxError as error:
        _log.warning("speech_timing.failed", traceId=speech.trace_id, code=error.code, error=error.message)
        return None
    work = partial(time_text, text, heard.words or (), heard.duration_s, wanted.cues)
    timing = work() if len(text) <= _AT_ONCE else await anyio.to_thread.run_sync(work)
    return SpeechTiming(heard.model, (perf_counter() - begin) * 1000, timing)


class Overheard:
    """Keeps the speech that passes in a stream."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._rate = 0
        self._whole = True

    async def passing(self, stream: AsyncGenerator[AudioChunk | Speech]) -> AsyncGenerator[AudioChunk | Speech]:
        """The stream as it is. Closing it closes `stream`."""
        async with aclosing(stream):
            async for part in stream:
                if isinstance(part, AudioChunk):
                    self._keep(part)
                yield part

    def speech(self, spoken: Speech) -> Speech:
        """What was spoken, with the audio that has passed; without any if that was too much."""
        audio = wav.header(self._rate, 1, len(self._pcm)) + self._pcm if self._whole and self._pcm else b""
        return replace(spoken, audio=audio, format="wav")

    def _keep(self, chunk: AudioChunk) -> None:
        self._rate = chunk.sample_rate
        if self._whole and len(self._pcm) + len(chunk.pcm) <= _MAX_KEPT:
            self._pcm += chunk.pcm
        else:
            self._whole = False
            self._pcm.clear()


def _readable(speech: Speech) -> bytes:
    """The speech as a file; bare samples get the header that tells their rate."""
    if speech.format != "pcm" or not speech.duration_s:
        return speech.audio
    rate = round(len(speech.audio) / 2 / speech.duration_s)
    return wav.header(rate, 1, len(speech.audio)) + speech.audio
