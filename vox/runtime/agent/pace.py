"""When each word of a text is heard, as far as that can be told while its speech is being made.

A voice gives sound without times. Within a piece the words are spread over it by their length; how long a letter takes
is learnt from the pieces before, and known where a voice gives a piece as a whole. An interruption then leaves the
words that were heard, rather than whole sentences of which nothing was, or none at all.
"""

import re
import unicodedata

__all__ = ["Captions", "Pace"]

_LETTER_S = 1 / 15  # of a voice that nothing is known about yet: some 180 words of English a minute
_NEWS = 0.5  # how much the latest piece says about the next
_WIDE_LETTERS = 3  # a kanji or a syllable takes as long as three letters
_PAUSES = {mark: 3 for mark in ",;:，、；："} | {mark: 6 for mark in ".!?…。！？\n"}  # in letters
_WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_WORD = re.compile(rf"\s*(?:[{_WIDE}]|[^\s{_WIDE}]+)[^\w\s]*\s*")


class Pace:
    """How fast a voice speaks; one for all pieces of a text."""

    def __init__(self) -> None:
        self._letter_s = _LETTER_S

    def captions(self, written: str, spoken: str) -> "Captions":
        """For a piece that is about to be spoken."""
        return Captions(written, _letters(spoken), self._letter_s)

    def learn(self, spoken: str, duration_s: float) -> None:
        """Take into account how long a piece took; 0 where the voice gave nothing."""
        if duration_s and (letters := _letters(spoken)):
            self._letter_s += _NEWS * (duration_s / letters - self._letter_s)


class Captions:
    """The words of one piece, given out as they are heard; joined, they are the piece.

    Args:
        written: The piece.
        letters: How long what is said of it is, in letters.
        letter_s: How long a letter is expected to take.
    """

    def __init__(self, written: str, letters: float, letter_s: float) -> None:
        self._words = _words(written)
        self._given = 0
        self._letters = letters
        self._letter_s = letter_s
        self._share = letters / (sum(map(_letters, self._words)) or 1)
        self._begins_s = 0.0

    def lasts(self, duration_s: float) -> None:
        """The piece is known to take so long."""
        self._letter_s = duration_s / (self._letters or 1)

    def until(self, second: float) -> str | None:
        """The words that begin before that second of the piece and were not given yet; the first one begins at 0."""
        begin = self._given
        while self._given < len(self._words) and (self._given == 0 or self._begins_s < second):
            self._begins_s += _letters(self._words[self._given]) * self._share * self._letter_s
            self._given += 1
        return "".join(self._words[begin : self._given]) or None

    def rest(self) -> str | None:
        """All words that were not given yet."""
        return self.until(float("inf"))


def _words(text: str) -> list[str]:
    return _WORD.findall(text) or [text] * bool(text)


def _letters(text: str) -> float:
    return sum(_weight(character) for character in text)


def _weight(character: str) -> int:
    if character in _PAUSES:
        return _PAUSES[character]
    if unicodedata.east_asian_width(character) in "WF":
        return _WIDE_LETTERS
    return 1 if character.isalnum() or character == " " else 0
