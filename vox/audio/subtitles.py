"""Subtitles in SubRip (.srt) and WebVTT (.vtt), from timed text.

Timed text is `(start, end, text)` in seconds, so that a command can use this without loading anything else.
"""

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["Timed", "segments_from_words", "to_srt", "to_vtt"]

Timed = tuple[float, float, str]
"""Start and end in seconds, and what is said between them."""

# What subtitlers keep to: two lines of 42 characters, at most 7 s on the screen.
_MAX_CHARACTERS = 84
_MAX_S = 7.0
_PAUSE_S = 1.0  # a cue should not stay while nobody speaks
_MIN_SENTENCE_S = 1.0  # shorter "sentences" are mostly abbreviations, and unreadable alone

_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_ARROW = re.compile(r"-{2,}>")
_LAST_MS = 100 * 3_600_000 - 1  # both formats write hours with two digits


def to_srt(segments: Iterable[Timed]) -> str:
    """SubRip: numbered cues, comma before the milliseconds. Empty text is left out."""
    cues = [(start, end, _ARROW.sub("->", text)) for start, end, text in _clean(segments)]
    return "".join(
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}\n\n"
        for number, (start, end, text) in enumerate(cues, 1)
    )


def to_vtt(segments: Iterable[Timed]) -> str:
    """WebVTT: a head line, point before the milliseconds, `&`, `<` and `>` escaped. Empty text is left out."""
    cues = [
        f"{_clock(start, '.')} --> {_clock(end, '.')}\n{_escaped(text)}\n\n" for start, end, text in _clean(segments)
    ]
    return "WEBVTT\n\n" + "".join(cues)


def segments_from_words(words: Iterable[Timed]) -> list[Timed]:
    """Group timed words into cues: ended by a sentence, a pause, two lines of text, or seven seconds."""
    segments: list[Timed] = []
    for start, end, text in _clean(words):
        if segments and _joins(segments[-1], start, end, text):
            begun, _, before = segments[-1]
            segments[-1] = (begun, end, f"{before} {text}")
        else:
            segments.append((start, end, text))
    return segments


def _joins(cue: Timed, start: float, end: float, word: str) -> bool:
    begun, until, text = cue
    finished = until - begun >= _MIN_SENTENCE_S and _SENTENCE_END.search(text) is not None
    fits = len(text) + 1 + len(word) <= _MAX_CHARACTERS and end - begun <= _MAX_S
    return fits and not finished and start - until < _PAUSE_S


def _clean(segments: Iterable[Timed]) -> Iterable[Timed]:
    """One line each, without what no subtitle file can hold: a blank line would end the cue."""
    for start, end, text in segments:
        line = " ".join("".join(map(_printable, text)).split())
        if line:
            yield start, end, line


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":  # half a surrogate pair cannot be written as UTF-8
        return "\N{REPLACEMENT CHARACTER}"
    return " " if category in ("Cc", "Zl", "Zp") else character


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    ms = min(_LAST_MS, round(1000 * min(max(0.0, seconds), 1e6)))  # in this order max() takes NaN for 0
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"
