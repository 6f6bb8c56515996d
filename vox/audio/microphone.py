"""What a microphone is to those who listen: blocks of sound that come by themselves, until it is closed.

`vox.audio.capture` gives the real ones, `vox.testing` one that plays a recording.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["RATE", "Block", "Microphone", "OpenMicrophone"]

RATE = 16_000
"""Hz of what a microphone gives, whatever its device runs at."""


@dataclass(frozen=True, slots=True)
class Block:
    """What was heard in a moment."""

    samples: NDArray[np.int16]
    """Mono, shape (n,), at `RATE`."""
    lost: int = 0
    """Samples that were lost just before, because nobody took them in time or the device skipped them."""


class Microphone(Protocol):
    """An open capture device, ours alone until it is closed."""

    @property
    def device(self) -> str:
        """Its name. It changes when the device was unplugged and another took its place."""
        ...

    def blocks(self) -> AsyncIterator[Block]:
        """What is heard from the moment of opening on; iterated once. It ends after `close`, when everything that was
        heard until then has been given.

        Raises:
            MicrophoneUnavailable: The device is gone and there is no other.
        """
        ...

    def close(self) -> None:
        """Let the device go, now. May be called again."""
        ...


OpenMicrophone: TypeAlias = Callable[[str | None], Microphone]
"""Opens the device of a name, None the default one; it records when this returns. May block for a moment: call it in a
thread.

Raises:
    MicrophoneUnavailable: There is none, it is forbidden, or another program holds it.
"""
