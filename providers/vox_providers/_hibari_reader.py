"""English text to phonemes by hibari's dictionary and rules, whatever the text holds.

What hibari-tts 0.2.1 needs from its caller, all measured: a run of more than 36 digits is an IndexError, a word that no
dictionary has is cut after 24 letters, a superscript one or a dotted capital I is an error, it was made for at most 400
phonemes at once, and the time for a token of many parts grows with the third power of their number: seconds for 300
characters without a space.
"""

import re
import sys
from collections.abc import Callable

__all__ = ["Reader"]

_LONGEST = 400  # phonemes in one run of the model
_WORD_LIMIT = 24  # letters the package's reader of unknown words takes
_PIECE = 12  # letters of a word that is too long, said as a word of their own
_LONG_WORD = re.compile(rf"[^\W\d_]{{{_WORD_LIMIT + 1},}}")
_READINGS = (  # what the package would spell out letter by letter, or not say at all
    (re.compile(r"\b(?:https?://(?:www\.)?|www\.)(?=\w)"), ""),
    (re.compile(r"(?<=[a-z0-9])\.(?=[a-z]{2,})"), " dot "),
    (re.compile(r"\bi\.e\.", re.IGNORECASE), "that is"),
    (re.compile(r"\be\.g\.", re.IGNORECASE), "for example"),
)
_LONG_RUN = re.compile(r"\S{25,}")
_RUN_PIECE = re.compile(
    r"\S{1,23}[^\w\s]|\S{1,24}"
)  # of characters without a space: cut after a symbol if there is one
_PUNCTUATION = ".,;:!?…\"'()[]“”‘’"
_DECORATION = re.compile(r"([^\w\s.,!?…])\1{3,}")  # lines and borders drawn with symbols
_LONG_NUMBER = re.compile(r"\d(?:[,.]?\d){18,}")  # beyond quintillions a number is read digit by digit
_HARD_CHARACTERS = str.maketrans({"¹": " 1", "⁰": " 0", "İ": "I"} | {chr(0x2070 + n): f" {n}" for n in range(4, 10)})


class Reader:
    """Reads one sentence at a time.

    Args:
        to_phonemes: hibari's own reader, of American or British English.
    """

    def __init__(self, to_phonemes: Callable[[str], str]) -> None:
        self._to_phonemes = to_phonemes

    def phonemes(self, text: str) -> list[str]:
        """How `text`, one sentence, is pronounced, in pieces the model can say; empty when it has no sound."""
        text = _DECORATION.sub(" ", text.translate(_HARD_CHARACTERS))
        for pattern, reading in _READINGS:
            text = pattern.sub(reading, text)
        text = _LONG_NUMBER.sub(lambda match: " ".join(re.sub(r"\D", "", match[0])), text)
        text = _LONG_WORD.sub(self._whole_word, text)
        return self._read(_LONG_RUN.sub(_pieces, text))

    def _whole_word(self, match: re.Match[str]) -> str:
        """A long word as it is if a dictionary has it, else in pieces: what is cut off sounds like its beginning."""
        word = match[0]
        if self._try(word) not in (None, self._try(word[:_WORD_LIMIT])):
            return word
        return " ".join(word[i : i + _PIECE] for i in range(0, len(word), _PIECE))

    def _read(self, text: str) -> list[str]:
        """Halved until the engine can read each part, and each is short enough for the model."""
        read = self._try(text)
        if read is not None and len(read) <= _LONGEST:
            return [read] if any(letter.isalpha() for letter in read) else []
        if len(text) < 2:
            print(f"hibari cannot read {text!r}; it is left out.", file=sys.stderr)
            return []
        middle = _middle(text)
        return self._read(text[:middle]) + self._read(text[middle:])

    def _try(self, text: str) -> str | None:
        try:
            return self._to_phonemes(text)
        except (IndexError, KeyError, TypeError, ValueError):
            return None  # its reader of numbers and letters trips over rare characters; the caller goes around them


def _pieces(match: re.Match[str]) -> str:
    """A run without spaces, such as an address, in pieces; a word with its punctuation stays whole."""
    run = match[0]
    return run if run.strip(_PUNCTUATION).isalpha() else " ".join(_RUN_PIECE.findall(run))


def _middle(text: str) -> int:
    """Where to halve: after the space nearest to the middle, or in the middle of a single word."""
    half = len(text) // 2
    spaces = [match.end() for match in re.finditer(r"\s", text[:-1])]
    return min(spaces, key=lambda end: abs(end - half), default=half)
