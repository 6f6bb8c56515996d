"""An audio file being read: a rate, and mono blocks that come one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vox.audio.pcm import Samples

__all__ = ["BLOCK_SAMPLES", "Track", "mix"]

BLOCK_SAMPLES = 262_144
"""Samples of all channels decoded at a time: 1 MiB of float32, enough to make the cost of a block's Python vanish."""

_LOUDEST = 65_536.0  # far above full scale, far below where a filter's sums overflow


@dataclass(frozen=True, slots=True)
class Track:
    """What a decoder found; `blocks` can be read once, while the file is open."""

    rate: int
    """Hz."""
    channels: int
    """Before mixing."""
    frames: int | None
    """As the file's own header claims; None when it does not say."""
    blocks: Iterator[Samples]


def mix(block: NDArray[np.float32]) -> Samples:
    """Frames × channels to mono, [n, c] → [n]: the mean. Samples that are no numbers become silence."""
    sane = _sane(block)
    channels = sane.shape[1]
    if channels == 1:
        return sane[:, 0].copy()  # the decoder reuses its block
    if channels == 2:  # five times faster than mean(axis=1)
        return (sane[:, 0] + sane[:, 1]) * np.float32(0.5)
    return sane @ np.full(channels, 1 / channels, dtype=np.float32)


def _sane(block: NDArray[np.float32]) -> NDArray[np.float32]:
    if not block.size or (block.max() <= _LOUDEST and block.min() >= -_LOUDEST):  # false for NaN too
        return block
    finite = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(finite, -_LOUDEST, _LOUDEST)
