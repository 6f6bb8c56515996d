"""A recording on its way: cut where nobody speaks, so that what was said is recognised while the rest is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vox.audio.wav import header

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RATE", "Cutter", "Piece"]

RATE = 16_000
"""Hz of `vox.audio.microphone`, which is not loaded before somebody records."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Speech between two silences."""

    start: int
    """Samples of the recording that came before it."""
    pcm: bytes
    """16-bit little-endian, mono, at `RATE`."""

    @property
    def start_s(self) -> float:
        """Seconds of the recording before it."""
        return self.start / RATE

    @property
    def duration_s(self) -> float:
        """Its own seconds."""
        return len(self.pcm) / 2 / RATE

    def wav(self) -> bytes:
        """The piece as a WAV file."""
        return header(RATE, 1, len(self.pcm)) + self.pcm


class Cutter(Protocol):
    """Finds the pieces of one recording."""

    def feed(self, samples: "NDArray[np.int16]") -> Iterable[Piece]:
        """The pieces that end in these samples, which follow those before."""
        ...

    def end(self) -> Iterable[Piece]:
        """What is left when nothing else comes."""
        ...
