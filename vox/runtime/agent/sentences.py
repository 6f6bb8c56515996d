"""A text that is being written, cut into the pieces that are spoken one by one.

The first piece is small, so that speech begins early; later ones are whole sentences, joined while they are short,
because a voice knows better how to say a sentence when it sees all of it. Where to cut is decided at the first
character behind a blank: only there is it known whether `a.m.` ended a sentence. So the pieces are the same whatever
the deltas in which the text came, and joined they are the text.
"""

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["LONGEST", "Sentences"]

LONGEST = 200
"""Letters of a piece, at most: some twelve seconds of speech. A character of double width, such as a kanji, counts as
two letters, here and below."""

_SHORTEST_SENTENCE = 12  # of a first piece: "Yes." alone would be over before more is there
_FIRST_CLAUSE = 35
_FIRST_WORDS = 60  # a first piece without any mark is cut at a blank from here on
_JOINED = 80  # sentences are joined up to here
_CODE_MARK = "`"

_CLOSERS = "\"'”’»›)]}*_~`」』）】〉》"
_ENDS = frozenset(".!?…")
_WIDE_ENDS = frozenset("。！？｡")
_PAUSES = frozenset(",;:—–")
_WIDE_PAUSES = frozenset("，、；：")

_TITLES = re.compile(
    r"mr|mrs|ms|mx|dr|prof|st|sr|sra|srta|hr|fr|mme|mlle|rev|gen|col|lt|sgt|capt|cpt|gov|sen|rep|hon|pres"
)
"""Stand before a name, so that a capital behind them says nothing."""

_SHORTENED = re.compile(r"vs|cf|eg|ie|approx|ca|bzw|ggf|inkl|zb|usw|dept|est|ed|eds")
_COUNTED = re.compile(r"no|nr|nos|fig|figs|vol|p|pp|ch|sec|par|art|bd")
"""Stand before a number."""

_TIMES = frozenset({"a.m", "p.m"})
_WORD = re.compile(r"[^\s\"'“”‘’«»()\[\]{}*_~`]+$")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{0,2}")


class Sentences:
    """Cuts one text. Joined, what `feed`, `pause` and `flush` give is what was fed."""

    small: bool = True
    """Whether the next piece should be a small one, because nothing is being heard yet."""

    def __init__(self) -> None:
        self._text = ""
        self._sizes: list[int] = []  # of each beginning that was looked at
        self._sentence = self._clause = self._blank = 0  # ends of the longest beginnings that end there

    @property
    def waiting(self) -> bool:
        """Whether there is text that no piece was made of yet."""
        return bool(self._text)

    @property
    def whole(self) -> bool:
        """Whether a whole sentence waits for others to be joined with."""
        return self._sentence > 0

    def feed(self, delta: str) -> Iterator[str]:
        """Take what was written; the pieces that are complete with it, all of which must be read. `small` may be set
        again between them, when nothing of a piece is spoken."""
        for start in range(0, len(delta), LONGEST):  # so that a long text costs no more than its letters
            self._text += delta[start : start + LONGEST]
            yield from self._complete()

    def pause(self) -> list[str]:
        """What can be said of the text so far, as no more may come for a while: whole sentences; else a clause; else
        whole words. A part of a word stays."""
        end = len(self._text) if self._at_end_of_sentence() else self._sentence or self._clause or self._words()
        return [self._take(end)] if end else []

    def flush(self) -> list[str]:
        """All the text so far; nothing of it is waited for."""
        return [self._take(len(self._text))] if self._text else []

    # ---- where a piece may end

    def _look(self, index: int) -> None:
        """Note what ends with, or before, the character at `index`."""
        character = self._text[index]
        self._sizes.append((self._sizes[-1] if index else 0) + (2 if _is_wide(character) else 1))
        if character in _WIDE_ENDS:
            self._sentence = index + 1
        elif character in _WIDE_PAUSES:
            self._clause = index + 1
        elif index and not character.isspace() and self._text[index - 1].isspace():
            self._blank = index
            self._look_before_blank(index)

    def _look_before_blank(self, start: int) -> None:
        before = self._text[:start]
        line = before.rstrip()
        if not line:
            return
        bare = line.rstrip(_CLOSERS)
        if "\n" in before[len(line) :] or (bare and bare[-1] in _ENDS and _ends(bare, self._text[start])):
            self._sentence = start
        elif bare and bare[-1] in _PAUSES:
            self._clause = start

    def _at_end_of_sentence(self) -> bool:
        bare = self._text.rstrip().rstrip(_CLOSERS)
        return bare[-1:] in _ENDS | _WIDE_ENDS and _ends(bare, "") if bare else False

    def _words(self) -> int:
        """Up to the last blank, if that is enough to be said alone."""
        end = len(self._text) if self._text[-1:].isspace() else self._blank
        return end if self._size(end) >= _SHORTEST_SENTENCE else 0

    # ---- whether it does

    def _complete(self) -> Iterator[str]:
        while len(self._sizes) < len(self._text):
            self._look(len(self._sizes))
            if cut := self._cut():
                yield self._take(cut)

    def _cut(self) -> int:
        """How long the next piece is; 0 as long as that cannot be told."""
        size = self._sizes[-1]
        if size > LONGEST:
            return self._sentence or self._clause or self._blank or self._within_word()
        if not self.small:
            return self._sentence if self._size(self._sentence) >= _JOINED else 0
        if self._size(self._sentence) >= _SHORTEST_SENTENCE:
            return self._sentence
        if self._size(self._clause) >= _FIRST_CLAUSE:
            return self._clause
        if size >= _FIRST_WORDS:
            return self._clause if self._size(self._clause) >= _SHORTEST_SENTENCE else self._blank
        return 0

    def _size(self, end: int) -> int:
        return self._sizes[end - 1] if end else 0

    def _within_word(self) -> int:
        """A place in a word that is longer than a piece: neither before an accent nor within a code mark."""
        last = len(self._sizes) - 1
        for end in range(last, last // 2, -1):
            joined = unicodedata.category(self._text[end]).startswith("M") or "\u200d" in self._text[end - 1 : end + 1]
            if not joined and self._text[end - 1 : end + 1] != _CODE_MARK * 2:
                return end
        return last

    def _take(self, end: int) -> str:
        piece, self._text = self._text[:end], self._text[end:]
        self._sizes = [size - self._sizes[end - 1] for size in self._sizes[end:]]
        self._sentence, self._clause, self._blank = (
            max(0, place - end) for place in (self._sentence, self._clause, self._blank)
        )
        self.small = False
        return piece


def _ends(text: str, following: str) -> bool:
    """Whether the mark at the end of `text` ends a sentence, given the character behind the blank, if there is one."""
    if text.endswith(("...", "…")):
        return not following.islower()
    if text[-1] != ".":
        return True
    word_match = _WORD.search(text[:-1])
    if word_match is None:
        return True
    word = word_match[0].lower()
    if _TITLES.fullmatch(word) or (word.isdigit() and _begins_line(text, word_match.start())):
        return False
    if _SHORTENED.fullmatch(word):
        return not following.islower()
    if _COUNTED.fullmatch(word):
        return not (following.islower() or following.isdigit())
    if _DOTTED.fullmatch(word) and "." in word:
        return word in _TIMES and not following.islower()
    if len(word) == 1 and word.isalpha():
        return word == "i"
    return not (following.islower() and len(word) <= 3)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _begins_line(text: str, start: int) -> bool:
    return not text[:start].rpartition("\n")[2].strip(" \t>-*#_")
