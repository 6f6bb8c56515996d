"""G.711, the telephone's two codes: a sample in a byte, finer where it is quiet.

From ITU-T G.711: eight segments of sixteen steps on each side of zero, every step twice as wide as in the segment
below. In µ-law each level lies in the middle of its step, the bits are inverted; in A-law the two lowest segments have
the same steps, the even bits are inverted. The standard's 14 and 13 bits are shifted to the top of 16.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RATE", "from_alaw", "from_ulaw", "to_alaw", "to_ulaw"]

RATE = 8_000
"""Hz, of every sound in these codes."""

_ULAW_BIAS = 132  # 33 of 14 bits: makes a segment's first step the double of the one before
_ULAW_LOUDEST = 32_635
_ALAW_INVERTED = 0x55


def to_ulaw(samples: "NDArray[np.int16]") -> bytes:
    """16-bit samples, shape [n], as n bytes of µ-law."""
    return _coded(samples, _ulaw_codes())


def from_ulaw(coded: bytes) -> "NDArray[np.int16]":
    """Bytes of µ-law as 16-bit samples, shape [n]."""
    return _decoded(coded, _ulaw_levels())


def to_alaw(samples: "NDArray[np.int16]") -> bytes:
    """16-bit samples, shape [n], as n bytes of A-law."""
    return _coded(samples, _alaw_codes())


def from_alaw(coded: bytes) -> "NDArray[np.int16]":
    """Bytes of A-law as 16-bit samples, shape [n]."""
    return _decoded(coded, _alaw_levels())


def _coded(samples: "NDArray[np.int16]", codes: "NDArray[np.uint8]") -> bytes:
    import numpy as np  # a daemon that nobody telephones does without it

    return codes[samples.astype("<i2", copy=False).view(np.uint16)].tobytes()


def _decoded(coded: bytes, levels: "NDArray[np.int16]") -> "NDArray[np.int16]":
    import numpy as np

    return levels[np.frombuffer(coded, np.uint8)]


@cache
def _ulaw_levels() -> "NDArray[np.int16]":
    """The sample of each code."""
    import numpy as np

    code = ~np.arange(256, dtype=np.uint8)
    segment, step = (code >> 4 & 7).astype(np.int32), (code & 15).astype(np.int32)
    size = ((step << 3) + _ULAW_BIAS << segment) - _ULAW_BIAS
    return np.where(code & 0x80, -size, size).astype(np.int16)


@cache
def _ulaw_codes() -> "NDArray[np.uint8]":
    """The code of each sample, by its 16 bits without a sign."""
    import numpy as np

    sample = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    size = np.minimum(np.abs(sample), _ULAW_LOUDEST) + _ULAW_BIAS
    segment = _highest_bit(size) - 7
    code = (sample < 0) << 7 | segment << 4 | size >> segment + 3 & 15
    return ~code.astype(np.uint8)


@cache
def _alaw_levels() -> "NDArray[np.int16]":
    """The sample of each code."""
    import numpy as np

    code = np.arange(256, dtype=np.uint8) ^ _ALAW_INVERTED
    segment, step = (code >> 4 & 7).astype(np.int32), (code & 15).astype(np.int32)
    lowest, higher = (step << 4) + 8, (step << 4) + 264 << np.maximum(segment - 1, 0)
    size = np.where(segment == 0, lowest, higher)
    return np.where(code & 0x80, size, -size).astype(np.int16)


@cache
def _alaw_codes() -> "NDArray[np.uint8]":
    """The code of each sample, by its 16 bits without a sign."""
    import numpy as np

    sample = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    size = np.where(sample < 0, ~sample, sample)  # as the standard, which has no zero: -1 lies in the first step
    segment = np.maximum(_highest_bit(size) - 7, 0)
    step = size >> np.maximum(segment, 1) + 3 & 15
    code = (sample >= 0) << 7 | segment << 4 | step
    return (code ^ _ALAW_INVERTED).astype(np.uint8)


def _highest_bit(size: "NDArray[np.int32]") -> "NDArray[np.int32]":
    """The place of the highest bit that is set, from 0."""
    import numpy as np

    return (np.frexp(size.astype(np.float64))[1] - 1).astype(np.int32)
