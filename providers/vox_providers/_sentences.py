"""Text cut into the sentences a speech engine says one at a time, with the pause that follows each.

English first: abbreviations, initials, numbers and quotes do not end a sentence. The full stops of Chinese and
Japanese, which no space follows, do. A sentence longer than the engine's limit is cut at a clause mark, then at a
space, and only in a word when it is one endless word. Nothing but white space is lost.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Sentence", "split"]

CLAUSE_PAUSE, SENTENCE_PAUSE, PARAGRAPH_PAUSE = 0.12, 0.35, 0.7  # seconds; what a reader at ease leaves

_BLANK_LINE = re.compile(r"\n\s*\n")
_WRAPPED = re.compile(r"\n[ \t]*(?=[a-zß-öø-ÿ])")  # a line that begins in lower case goes on with the sentence above
_SPACES = re.compile(r"\s+")
_CLOSERS = "\"'”’)\\]}»」』）】"
_OPENERS = "\"'“‘([{«"
_END = re.compile(rf"(?P<mark>(?<![.!?…])[.!?…]++(?=[{_CLOSERS}]*(?:\s|$))|[。！？｡]+)[{_CLOSERS}]*")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_CUTS = (  # where a long sentence breaks, best first, with the pause there
    (re.compile(r"[;:](?=\s)|\s[—–](?=\s)|[；：]"), CLAUSE_PAUSE),
    (re.compile(r",(?=\s)|[、，]|—"), CLAUSE_PAUSE),
    (re.compile(r"\s"), 0.0),
)

# fmt: off
_NEVER_END = frozenset(
    [
        "mr", "mrs", "ms", "messrs", "dr", "prof", "st", "mt", "ft", "gen", "sen", "rep", "gov", "pres", "lt",
        "col", "maj", "capt", "cmdr", "sgt", "cpl", "rev", "hon", "fr", "vs", "cf", "viz", "approx", "ca",
        "e.g", "i.e", "al",
    ]
)
_GO_ON_BEFORE_A_NUMBER = frozenset(
    [
        "no", "nos", "fig", "figs", "vol", "vols", "p", "pp", "ch", "chap", "sec", "art", "eq", "pt", "ver",
        "v", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    ]
)
# fmt: on
_END_BEFORE_A_CAPITAL = frozenset(["a.m", "p.m"])


class Sentence(NamedTuple):
    """A piece of text to be said in one go.

    Attributes:
        text: On one line, without white space at its ends.
        pause_s: Silence that belongs after it at normal speed, in seconds.
    """

    text: str
    pause_s: float


def split(text: str, longest: int) -> list[Sentence]:
    """The sentences of `text` in order, none empty and none longer than `longest` characters."""
    sentences: list[Sentence] = []
    for paragraph in _BLANK_LINE.split(text):
        said = [piece for line in _lines(paragraph) for whole in _ends(line) for piece in _cut(whole, longest)]
        if said:
            sentences += [*said[:-1], Sentence(said[-1].text, PARAGRAPH_PAUSE)]
    return sentences


def _lines(paragraph: str) -> list[str]:
    """What stands on lines of its own, such as list items; wrapped lines are joined."""
    lines = _WRAPPED.sub(" ", paragraph.strip()).split("\n")
    return [_SPACES.sub(" ", line).strip() for line in lines]


def _ends(line: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(line):
        following = line[match.end() :].lstrip()
        if following and _is_end(line[start : match.start()], match["mark"], following[0]):
            yield line[start : match.end()].strip()
            start = match.end()
    if line[start:].strip():
        yield line[start:].strip()


def _is_end(before: str, mark: str, following: str) -> bool:
    if mark[0] in "。！？｡":
        return True
    if following.islower():
        return False
    return mark != "." or not _is_abbreviation(before, following)


def _is_abbreviation(before: str, following: str) -> bool:
    """Whether the full stop after `before` belongs to its last word."""
    word = before[before.rfind(" ") + 1 :].lstrip(_OPENERS)
    small = word.lower()
    if small in _NEVER_END or (following.isdigit() and small in _GO_ON_BEFORE_A_NUMBER):
        return True
    if word.isdigit() and before.strip() == word:
        return True  # "1. Open the door": the number of a list item
    if len(word) == 1:
        return word.isupper() and word != "I"
    return bool(_INITIALS.fullmatch(word)) and small not in _END_BEFORE_A_CAPITAL


def _cut(sentence: str, longest: int) -> Iterator[Sentence]:
    while len(sentence) > longest:
        end, pause = _cut_at(sentence, longest)
        yield Sentence(sentence[:end].strip(), pause)
        sentence = sentence[end:].strip()
    if sentence:
        yield Sentence(sentence, SENTENCE_PAUSE)


def _cut_at(sentence: str, longest: int) -> tuple[int, float]:
    """The last good place within the limit; one in the first third would leave a fragment."""
    for mark, pause in _CUTS:
        ends = [match.end() for match in mark.finditer(sentence, longest // 3, longest)]
        if ends:
            return ends[-1], pause
    return longest, 0.0
