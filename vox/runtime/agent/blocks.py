"""A voice's chunks as blocks of a size that a network likes, at one rate."""

from typing import TYPE_CHECKING

from vox.types import AudioChunk

if TYPE_CHECKING:
    from vox.audio.pcm import Samples
    from vox.audio.resample import Resampler

__all__ = ["LONGEST_MS", "SHORTEST_MS", "Blocks"]

SHORTEST_MS = 40
"""Shorter blocks cost more in events than they win in time."""

LONGEST_MS = 200
"""In longer ones, more than needed would be on its way when the listener interrupts."""

_SAMPLE_BYTES = 2


class Blocks:
    """Cuts the chunks of one speech into blocks of 40 to 200 ms; only what is shorter altogether gives a shorter one.

    Args:
        rate: Of the blocks, in Hz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._shortest = rate * SHORTEST_MS // 1000 * _SAMPLE_BYTES
        self._longest = rate * LONGEST_MS // 1000 * _SAMPLE_BYTES
        self._held = bytearray()
        self._resampler: Resampler | None = None

    def push(self, chunk: AudioChunk) -> list[bytes]:
        """Take a chunk; the blocks that are full with it. All chunks have one rate."""
        self._held += chunk.pcm if chunk.sample_rate == self._rate else self._resampled(chunk)
        blocks: list[bytes] = []
        while len(self._held) >= 2 * self._shortest:  # so that what is left is enough for a last block
            blocks.append(self._take(min(self._longest, len(self._held) - self._shortest)))
        return blocks

    def finish(self) -> bytes:
        """What is left at the end of the speech; perhaps nothing."""
        if self._resampler is not None:
            self._held += _to_bytes(self._resampler.flush())
        return self._take(len(self._held))

    def _take(self, size: int) -> bytes:
        size -= size % _SAMPLE_BYTES
        block = bytes(self._held[:size])
        del self._held[:size]
        return block

    def _resampled(self, chunk: AudioChunk) -> bytes:
        import numpy as np  # most voices have the rate that is wanted, and then nothing of this is loaded

        from vox.audio.pcm import Pcm
        from vox.audio.resample import Resampler

        if self._resampler is None:
            self._resampler = Resampler(chunk.sample_rate, self._rate)
        samples = Pcm.from_int16(np.frombuffer(chunk.pcm, "<i2"), chunk.sample_rate).samples
        return _to_bytes(self._resampler.push(samples))


def _to_bytes(samples: "Samples") -> bytes:
    from vox.audio.pcm import to_int16

    return to_int16(samples).tobytes()
