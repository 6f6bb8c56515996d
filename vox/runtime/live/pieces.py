"""How a recording on its way is cut where nobody speaks, so that what was said is recognised while the rest is."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from vox.audio.utterance import Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RATE", "Cutter", "make_cutter"]

RATE = 16_000
"""Hz of `vox.audio.microphone`, which is not loaded before somebody records."""


class Cutter(Protocol):
    """Finds the utterances of one recording."""

    def feed(self, samples: "NDArray[np.int16]") -> Iterable[Utterance]:
        """The utterances that end in these samples, which follow those before."""
        ...

    def end(self) -> Iterable[Utterance]:
        """What is left when nothing else comes."""
        ...


def make_cutter() -> Cutter:
    """The one that finds speech."""
    from vox.audio.endpoint import Endpointer  # loads numpy

    return Endpointer()
