"""One piece of sound in memory: mono samples and their rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pcm", "Samples", "to_int16"]

Samples = NDArray[np.float32]
"""Mono samples, shape [n]; full scale is -1 to 1, louder values are possible until they become integers."""

_FULL_SCALE = 32_768.0  # so that int16 → float32 → int16 gives the same integers


@dataclass(frozen=True, slots=True, eq=False)
class Pcm:
    """Mono sound.

    Raises:
        ValueError: `samples` is not one row of float32, or `rate` is not positive.
    """

    samples: Samples
    rate: int
    """Samples per second."""

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(f"samples must be float32 [n], not {self.samples.dtype} {self.samples.shape}")
        if self.rate <= 0:
            raise ValueError(f"rate must be positive, not {self.rate}")

    @classmethod
    def from_int16(cls, samples: NDArray[np.int16], rate: int) -> "Pcm":
        """From 16-bit integers, shape [n]."""
        return cls(samples.astype(np.float32) / np.float32(_FULL_SCALE), rate)

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    def to_int16(self) -> NDArray[np.int16]:
        """Rounded to 16-bit integers, shape [n]; what is louder than full scale is clipped."""
        return to_int16(self.samples)


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Finite float samples as rounded and clipped little-endian 16-bit integers of the same shape."""
    scaled = samples * np.float32(_FULL_SCALE)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1, out=scaled)
    return scaled.astype("<i2")
