"""How a recording on its way is cut where nobody speaks, so that what was said is recognised while the rest is."""

from collections.abc import Iterable
from pathlib import Path
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

    @property
    def speaks(self) -> bool:
        """Whether somebody certainly speaks just now."""
        ...

    def going_on(self) -> Utterance | None:
        """What was said until now of the utterance that has not ended; None when nobody speaks."""
        ...

    def end(self) -> Iterable[Utterance]:
        """What is left when nothing else comes."""
        ...


def make_cutter(model: str | None = None) -> Cutter:
    """The one that finds speech. It loads libraries: call it in a thread.

    Args:
        model: File of the detector; None for the one that comes with Vox.

    Raises:
        ConfigError: The file is none.
    """
    from vox.audio.endpoint import Endpointer
    from vox.audio.vad import Silero

    return Endpointer(None if model is None else Silero(Path(model).expanduser()))
