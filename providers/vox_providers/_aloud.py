"""A text read aloud sentence by sentence: what the engines that make one sentence at a time have in common.

Such an engine leaves 0.3 to 0.5 s of near silence around each sentence; it is cut off, and the pause that belongs
between two sentences is put there instead.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from vox.provider import Call, ProviderError
from vox_providers import _sentences, _speech

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Waveform = npt.NDArray[np.float32]

__all__ = ["read_aloud", "to_pcm"]

_AUDIBLE = 0.003  # -50 dBFS: the engines' own noise floors lie below
_LEAD_S, _TAIL_S = 0.05, 0.12  # kept around what is audible: soft onsets and fading ends
_PEAK = 0.98  # of full scale


def read_aloud(
    call: Call,
    text: str,
    *,
    rate: int,
    speed: float,
    longest: int,
    phonemes: Callable[[str], list[str]],
    say: Callable[[str], bytes],
    first: int | None = None,
) -> Iterator[bytes]:
    """16-bit PCM of a text, a piece at a time, each with the pause before it; nothing when it has no sound.

    Args:
        rate: Samples per second.
        longest: Characters of a sentence the engine takes at once.
        phonemes: What to say for a sentence, in pieces the engine takes; empty when it has no sound.
        say: The sound of such a piece.
        first: Characters of the very first piece, when an early beginning is worth a cut.

    Raises:
        ProviderError: The call was cancelled, or the speech is too long.
    """
    size, pause = 0, 0.0
    sentences = _sentences.split(text, longest)
    if first is not None and sentences and len(sentences[0].text) > first:
        opening = _sentences.split(sentences[0].text, first)
        # the cut is of the first piece alone: what follows is made while that is heard
        rest = sentences[0].text[len(opening[0].text) :].strip()
        sentences[:1] = [opening[0], _sentences.Sentence(rest, sentences[0].pause_s)]
    for number, sentence in enumerate(sentences, start=1):
        call.raise_if_cancelled()
        for piece in phonemes(sentence.text):
            pcm = _speech.silence(pause / speed if size else 0.0, rate) + say(piece)
            pause, size = 0.0, size + len(pcm)
            _speech.check_length(size, rate)
            yield pcm
        pause = max(pause, sentence.pause_s)
        call.progress(number / len(sentences), f"sentence {number} of {len(sentences)}")


def to_pcm(samples: "Waveform", rate: int, engine: str) -> bytes:
    """16-bit PCM without the silence around what is heard, and never beyond full scale.

    Raises:
        ProviderError: The engine computed something that is not sound.
    """
    import numpy as np

    if not np.isfinite(samples).all():
        raise ProviderError(f"{engine} computed samples that are not numbers.")
    audible = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    if not audible.size:
        return b""
    samples = samples[max(int(audible[0] - _LEAD_S * rate), 0) : int(audible[-1] + _TAIL_S * rate)]
    peak = float(np.abs(samples).max())
    return (samples * (32767 * min(1.0, _PEAK / peak))).astype("<i2").tobytes()
