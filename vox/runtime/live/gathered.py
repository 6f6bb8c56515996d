"""The text of a recording, put together from that of its pieces."""

from dataclasses import replace
from unicodedata import east_asian_width

from vox.audio.utterance import Utterance
from vox.types import Segment, Transcript, Word

__all__ = ["Gathered", "join"]


class Gathered:
    """All that was recognised so far. What is there stays as it is; pieces come in their order.

    Args:
        keep_times: Keep the words and segments of all pieces; a session of a day does not.
    """

    def __init__(self, *, keep_times: bool = True) -> None:
        self.text = ""
        self.pieces = 0
        """Pieces with text."""
        self.language: str | None = None
        self.model = ""
        self._keep = keep_times
        self._words: list[Word] | None = None
        self._segments: list[Segment] = []

    def add(self, piece: Utterance, heard: Transcript) -> tuple[Word, ...] | None:
        """Add the text of a piece. Returns its words, timed from the beginning of the recording."""
        self.model, self.language = heard.model, self.language or heard.language
        words = None if heard.words is None else tuple(_later(word, piece.start_s) for word in heard.words)
        if not heard.text:
            return words
        self.text = join(self.text, heard.text)
        self.pieces += 1
        if self._keep:
            self._time(piece, heard, words)
        return words

    @property
    def words(self) -> tuple[Word, ...] | None:
        """The words with their times in the recording; None when no piece came with any."""
        return None if self._words is None else tuple(self._words)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The model's segments, or one for each piece where it gives none."""
        return tuple(self._segments)

    def _time(self, piece: Utterance, heard: Transcript, words: tuple[Word, ...] | None) -> None:
        if words is not None:
            self._words = self._words or []
            self._words += words
        whole = (Segment(0, 0.0, piece.duration_s, heard.text),)
        for segment in heard.segments or whole:
            start, end = _at(segment.start, piece.start_s), _at(segment.end, piece.start_s)
            self._segments.append(Segment(len(self._segments), start, end, segment.text))


def join(left: str, right: str) -> str:
    """Two texts as one: with a space between them, unless the script has none there."""
    if not left or not right:
        return left or right
    return left + right if _is_wide(left[-1]) and _is_wide(right[0]) else f"{left} {right}"


def _is_wide(character: str) -> bool:
    return east_asian_width(character) in "WF"


def _later(word: Word, by_s: float) -> Word:
    return replace(word, start=_at(word.start, by_s), end=_at(word.end, by_s))


def _at(time_s: float, start_s: float) -> float:
    return round(time_s + start_s, 3)
