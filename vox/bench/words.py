"""Word errors: how many words of what was heard differ from what was said."""

from typing import NamedTuple

import numpy

from vox.bench.normal import normal_words

__all__ = ["NO_ERRORS", "WordErrors", "word_errors"]


class WordErrors(NamedTuple):
    """Errors in a text, or in many."""

    wrong: int
    """Words put in, left out and replaced."""
    said: int
    """Words that were said."""

    @property
    def rate(self) -> float | None:
        """The word error rate, 0 for none; it can be above 1. None where nothing was said."""
        return self.wrong / self.said if self.said else None

    def plus(self, other: "WordErrors") -> "WordErrors":
        """Both together."""
        return WordErrors(self.wrong + other.wrong, self.said + other.said)


NO_ERRORS = WordErrors(0, 0)
"""Of no text at all."""


def word_errors(said: str, heard: str, language: str = "en") -> WordErrors:
    """The errors of `heard`, after both texts are made comparable; see `normal_words`."""
    wanted, got = normal_words(said, language), normal_words(heard, language)
    return WordErrors(_distance(wanted, got), len(wanted))


def _distance(wanted: list[str], got: list[str]) -> int:
    """The least number of words to put in, take out or replace. A row of the usual table at a time, so that an hour of
    speech takes a second."""
    numbers: dict[str, int] = {}
    told = numpy.array([numbers.setdefault(word, len(numbers)) for word in got], dtype=numpy.int64)
    places = numpy.arange(len(got) + 1)
    row = places
    for count, word in enumerate(wanted, 1):
        best = numpy.minimum(row[:-1] + (told != numbers.get(word, -1)), row[1:] + 1)
        # Words put in: each place costs one more than the best place before it.
        row = numpy.minimum.accumulate(numpy.concatenate(([count], best)) - places) + places
    return int(row[-1])
