"""What was found as tables: for a terminal, and for a Markdown page."""

from collections.abc import Sequence
from dataclasses import dataclass

from vox.bench.comparison import Comparison
from vox.bench.results import Found, Hearing, Speaking
from vox.bench.words import WordErrors

__all__ = ["Table", "notes", "tables"]

_NONE = "–"
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first `names` columns are words, the others figures."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    names: int = 1

    def text(self) -> list[str]:
        """Its lines, in columns of equal width."""
        rows = [self.head, *self.rows]
        widths = [max(len(row[place]) for row in rows) for place in range(len(self.head))]
        return ["  ".join(self._padded(row, widths)).rstrip() for row in rows]

    def markdown(self) -> list[str]:
        """Its lines in Markdown."""
        rule = ["---" if place < self.names else "--:" for place in range(len(self.head))]
        body = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in self.rows]
        return [f"| {' | '.join(self.head)} |", f"|{'|'.join(rule)}|", *body]

    def _padded(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        return [
            cell.ljust(width) if place < self.names else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]


def tables(found: Comparison) -> list[Table]:
    """One of the recognisers, one of the models that speak; what was not asked for is left out."""
    made: list[Table] = []
    if found.recognisers:
        head = ("recogniser", "WER", "errors", "words", "RTF", "load", "peak memory", "timings", "confidence")
        made.append(Table(head, [_heard(one) for one in found.recognisers]))
    if found.speakers:
        judges = list(dict.fromkeys(trip.recogniser for one in found.speakers for trip in one.trips))
        trips = [f"WER by {name}" for name in judges]
        head = ("speaker", "voice", *trips, "RTF", "first audio", "of a page", "load", "peak memory")
        made.append(Table(head, [_spoken(one, judges) for one in found.speakers], names=2))
    return made


def notes(found: Comparison) -> list[str]:
    """What went wrong, a line for each."""
    told: list[str] = []
    for one in found.all:
        told += [f"{one.model}: {one.error.message}"] if one.error is not None else []
        parts = one.heard if isinstance(one, Hearing) else []
        told += [f"{one.model}: {part.name}: {part.error.message}" for part in parts if part.error is not None]
        trips = one.trips if isinstance(one, Speaking) else []
        told += [f"{one.model} by {trip.recogniser}: {trip.error.message}" for trip in trips if trip.error is not None]
    return list(dict.fromkeys(told))


def _heard(one: Hearing) -> tuple[str, ...]:
    errors = one.errors
    counts = (str(errors.wrong), str(errors.said)) if errors.said else (_NONE, _NONE)
    return (
        one.model,
        _rate(errors),
        *counts,
        _factor(one.factor),
        *_cost(one),
        _yes(one.timings),
        _yes(one.confidence),
    )


def _spoken(one: Speaking, judges: Sequence[str]) -> tuple[str, ...]:
    trips = {trip.recogniser: trip.errors for trip in one.trips}
    rates = [_rate(trips[name]) if name in trips else _NONE for name in judges]
    waits = (_time(one.first_ms), _time(one.page_first_ms))
    return (one.model, one.voice or _NONE, *rates, _factor(one.factor), *waits, *_cost(one))


def _cost(one: Found) -> tuple[str, str]:
    memory = _NONE if one.peak_bytes is None else f"{one.peak_bytes / _MIB:,.0f} MiB"
    return _time(one.ready_ms), memory


def _rate(errors: WordErrors) -> str:
    return _NONE if errors.rate is None else f"{errors.rate:.1%}"


def _factor(value: float | None) -> str:
    return _NONE if value is None else f"{value:.3f}"


def _time(value: float | None) -> str:
    if value is None:
        return _NONE
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.2f} s"


def _yes(value: bool | None) -> str:
    return {True: "yes", False: "no", None: _NONE}[value]
