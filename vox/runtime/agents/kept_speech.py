"""Short phrases that are said again and again, made once."""

from collections import OrderedDict
from contextlib import aclosing
from typing import Any, TypeAlias

from vox.runtime.agents.saying import Synthesize
from vox.runtime.requests import SynthesizeRequest
from vox.types import AudioChunk, Speech

__all__ = ["KeptSpeech", "Recording"]

_BYTES = 8 << 20  # together: a hundred phrases of two seconds

Recording: TypeAlias = tuple[tuple[AudioChunk, ...], Speech | None]
"""Speech, and what is known about it."""


class KeptSpeech:
    """Makes speech, and remembers it; what was used longest ago goes first.

    Args:
        synthesize: Makes speech.
    """

    def __init__(self, synthesize: Synthesize) -> None:
        self._synthesize = synthesize
        self._kept: OrderedDict[Any, Recording] = OrderedDict()
        self._size = 0

    async def get(self, request: SynthesizeRequest) -> Recording:
        """The speech of a request.

        Raises:
            VoxError: It could not be made.
        """
        key = (request.text, request.model, request.voice, request.speed, request.instructions, request.language)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        recording = await self._make(request)
        if (before := self._kept.pop(key, None)) is not None:  # somebody else made it meanwhile
            self._size -= _size(before)
        self._kept[key] = recording
        self._size += _size(recording)
        while self._size > _BYTES:
            self._size -= _size(self._kept.popitem(last=False)[1])
        return recording

    async def _make(self, request: SynthesizeRequest) -> Recording:
        chunks: list[AudioChunk] = []
        speech: Speech | None = None
        async with aclosing(self._synthesize(request, _unheard)) as parts:
            async for part in parts:
                if isinstance(part, AudioChunk):
                    chunks.append(part)
                else:
                    speech = part
        return tuple(chunks), speech


def _size(recording: Recording) -> int:
    return sum(len(chunk.pcm) for chunk in recording[0])


def _unheard(_: str, __: str) -> None:
    """Who speaks is told by the speech itself."""
