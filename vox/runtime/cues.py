"""When each word and each marked piece of a text is heard in its speech.

Pure functions over a text, the words a recogniser heard in its speech, and the places that somebody wants to know of.
What was heard is paired with what is written; each pair is a fixed point between places of the text and times of the
audio, and everything else lies on the straight lines between them. So times never go backwards along the text and
never leave the audio, however wrong the recogniser was.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vox.runtime.alignment import align
from vox.runtime.spoken import Unit, units
from vox.types import Word

__all__ = ["Cue", "Source", "TimedCue", "TimedWord", "Timing", "locate", "time_text"]

Source = Literal["asr", "estimated"]
"""Whether times come from what was heard, or from the length of the text alone."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A piece of a text, by its places in code points: `start` up to, not including, `end`."""

    id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word that was heard, or in an estimate is written, with seconds of the audio and its place in the text."""

    word: str
    start: float
    end: float
    confidence: float | None
    text_start: int | None
    text_end: int | None


@dataclass(frozen=True, slots=True)
class TimedCue:
    """When a cue is heard, in seconds. `confidence` is 0 for an estimate."""

    id: str
    start: float
    end: float
    confidence: float
    source: Source


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of a text."""

    source: Source
    words: tuple[TimedWord, ...]
    cues: tuple[TimedCue, ...]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A piece of the text whose time is known, because it was heard."""

    start: int
    end: int
    since: float
    until: float
    confidence: float


def time_text(text: str, heard: Sequence[Word], duration_s: float, cues: Sequence[Cue] = ()) -> Timing:
    """Time a text by the words heard in `duration_s` seconds of its speech."""
    written = units(text)
    heard = _ordered(heard, duration_s)
    places = _places(written, heard)
    line = _Line(len(text), duration_s, _anchors(places, heard))
    words = [TimedWord(w.word, w.start, w.end, w.confidence, *places.get(i, (None, None))) for i, w in enumerate(heard)]
    timed = tuple(_time_cue(cue, written, line) for cue in cues)
    if places:
        return Timing("asr", tuple(words), timed)
    return Timing("estimated", tuple(_estimated(text, written, line)), timed)


def locate(text: str, name: str, wanted: str, after: int = 0) -> Cue | None:
    """Where the words `wanted` stand in the text: first behind `after`, else anywhere; case and the kind of white space
    are no difference. None where there are no such words."""
    pattern = re.compile(r"\s+".join(map(re.escape, wanted.split())), re.IGNORECASE)
    found = (pattern.search(text, after) or pattern.search(text)) if pattern.pattern else None
    return Cue(name, found.start(), found.end()) if found else None


class _Line:
    """Times along a text: exact at the anchors, straight between them."""

    def __init__(self, length: int, duration_s: float, anchors: list[_Anchor]) -> None:
        self.anchors = anchors
        points = [(0, 0.0)]
        for anchor in anchors:
            points += [(anchor.start, anchor.since), (anchor.end, anchor.until)]
        points.append((max(length, 1), duration_s))
        self._points = points
        self._starts = [anchor.start for anchor in anchors]

    def at(self, place: int, *, ends: bool = False) -> float:
        """The time of a place: of what begins there, or of what ends there."""
        points = self._points
        side = bisect_left if ends else bisect_right
        index = min(max(side(points, place, key=lambda point: point[0]), 1), len(points) - 1)
        (left, since), (right, until) = points[index - 1], points[index]
        if place >= right:
            return until
        # Bounded, because the last bit of a product may lie beyond the end.
        return min(until, since + (until - since) * (place - left) / (right - left))

    def within(self, start: int, end: int) -> list[_Anchor]:
        """The anchors that share something with a piece of the text."""
        first = max(0, bisect_right(self._starts, start) - 1)
        found: list[_Anchor] = []
        for anchor in self.anchors[first:]:
            if anchor.start >= end:
                break
            if anchor.end > start:
                found.append(anchor)
        return found


def _ordered(heard: Sequence[Word], duration_s: float) -> list[Word]:
    """The words with times that lie in the audio and never go back, as some recognisers' do."""
    ordered: list[Word] = []
    now = 0.0
    for word in heard:
        start = min(max(word.start, now), duration_s)
        now = start
        end = min(max(word.end, start), duration_s)
        ordered.append(Word(word.word, start, end, word.confidence))
    nexts = [*(word.start for word in ordered[1:]), duration_s]
    return [
        Word(word.word, word.start, min(word.end, after), word.confidence)
        for word, after in zip(ordered, nexts, strict=False)
    ]


def _places(written: list[Unit], heard: list[Word]) -> dict[int, tuple[int, int]]:
    """Index of a heard word → its place in the text."""
    said = [(unit.form, index) for index, word in enumerate(heard) for unit in units(word.word)]
    places: dict[int, tuple[int, int]] = {}
    for left, right in align([unit.form for unit in written], [form for form, _ in said]):
        unit, index = written[left], said[right][1]
        start, end = places.get(index, (unit.start, unit.end))
        places[index] = min(start, unit.start), max(end, unit.end)
    return places


def _anchors(places: dict[int, tuple[int, int]], heard: list[Word]) -> list[_Anchor]:
    """The places with their times; heard words that share a place, as those of a number do, are one."""
    anchors: list[_Anchor] = []
    for index in sorted(places):
        (start, end), word = places[index], heard[index]
        confidence = 1.0 if word.confidence is None else min(max(word.confidence, 0.0), 1.0)
        if anchors and start < anchors[-1].end:
            last = anchors.pop()
            start, end = min(last.start, start), max(last.end, end)
            anchors.append(_Anchor(start, end, last.since, word.end, min(last.confidence, confidence)))
        else:
            anchors.append(_Anchor(start, end, word.start, word.end, confidence))
    return anchors


def _time_cue(cue: Cue, written: list[Unit], line: _Line) -> TimedCue:
    """From the first word that the cue touches to the last; a cue without a word has its own places."""
    first = bisect_right(written, cue.start, key=lambda unit: unit.end)
    last = bisect_left(written, cue.end, key=lambda unit: unit.start) - 1
    start, end = (written[first].start, written[last].end) if first <= last else (cue.start, cue.end)
    anchors = line.within(start, end)
    since, until = line.at(start), line.at(end, ends=True)
    confidence = sum(anchor.confidence for anchor in anchors) / len(anchors) if anchors else 0.0
    return TimedCue(cue.id, since, max(since, until), confidence, "asr" if anchors else "estimated")


def _estimated(text: str, written: list[Unit], line: _Line) -> list[TimedWord]:
    """The words of the text, by their places alone."""
    pieces = sorted({(unit.start, unit.end) for unit in written})
    return [
        TimedWord(text[start:end], line.at(start), line.at(end, ends=True), 0.0, start, end) for start, end in pieces
    ]
