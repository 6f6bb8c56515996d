"""One piece of a text on its way to the ear: its voice's chunks as moments of speech, each with its words."""

from dataclasses import dataclass

from vox.runtime.agent.blocks import Blocks
from vox.runtime.agent.pace import Pace
from vox.types import AudioChunk

__all__ = ["Piece", "Spoken"]

_SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True)
class Spoken:
    """A moment of speech, 40 to 200 ms of it where the voice gave as much."""

    pcm: bytes
    """16-bit little-endian, mono; empty where the text is not spoken, such as code."""
    text: str | None
    """The written text that begins to be heard here. Joined, these are all that was written."""


class Piece:
    """A piece that is being spoken.

    Args:
        spoken: What is said of it.
        rate: Of the moments, in Hz.
    """

    def __init__(self, written: str, spoken: str, rate: int, pace: Pace) -> None:
        self.spoken = spoken
        self._pace, self._captions = pace, pace.captions(written, spoken)
        self._blocks, self._rate = Blocks(rate), rate
        self._size = 0

    def take(self, chunk: AudioChunk) -> list[Spoken]:
        """The moments that are complete with a chunk."""
        if chunk.whole:
            self._captions.lasts(len(chunk.pcm) / _SAMPLE_BYTES / chunk.sample_rate)
        return [Spoken(block, self._captions.until(self._after(block))) for block in self._blocks.push(chunk)]

    def finish(self) -> list[Spoken]:
        """The last moment, with all words that are left; without sound where there is none."""
        last = self._blocks.finish()
        self._pace.learn(self.spoken, self._after(last))
        rest = self._captions.rest()
        return [Spoken(last, rest)] if last or rest else []

    def _after(self, block: bytes) -> float:
        """Seconds of this piece up to the end of a block."""
        self._size += len(block)
        return self._size / _SAMPLE_BYTES / self._rate
