"""What a benchmark found: rows of ratios, as a Markdown table and as JSON."""

import argparse
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

__all__ = ["Compared", "Report", "Row", "compared_ms", "figure", "main", "median_ratio"]


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `ratio` is against the peer, or against the limit that `peer` names."""

    what: str
    subject: str
    value: str
    """The subject's median, with its unit."""
    peer: str
    peer_value: str
    ratio: float | None
    """None when it could not be measured here; `value` says why."""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def goal(self) -> str:
        """The goal as a reader sees it; empty for a row that only informs."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal or a figure."""
        if self.ratio is None or not self.goal:
            return None
        if self.at_most is not None:
            return self.ratio <= self.at_most
        return self.at_least is not None and self.ratio >= self.at_least


@dataclass(slots=True)
class Report:
    """The result of one benchmark."""

    name: str
    title: str
    method: str
    """How it was measured in this run, in a sentence or two."""
    rows: list[Row]
    machine: dict[str, str] = field(default_factory=describe)

    def markdown(self) -> str:
        """The table, with its method above it."""
        lines = [
            self.method,
            "",
            "| what | subject | median | compared with | its median | ratio | goal | met |",
            "|---|---|--:|---|--:|--:|--:|:-:|",
        ]
        for row in self.rows:
            ratio = "–" if row.ratio is None else _ratio(row.ratio)
            met = {True: "yes", False: "**no**", None: "–" if row.goal else ""}[row.met]
            cells = (row.what, row.subject, row.value, row.peer, row.peer_value, ratio, row.goal, met)
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"

    def document(self) -> dict[str, Any]:
        """The same as plain values."""
        rows = [{**asdict(row), "goal": row.goal, "met": row.met} for row in self.rows]
        return {"name": self.name, "title": self.title, "method": self.method, "machine": self.machine, "rows": rows}


def figure(value: float, unit: str) -> str:
    """A value with three digits that matter, and its unit."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


Compared = tuple[str, str, str, str, str, float | None]
"""What, subject, name of its times, peer, name of the peer's, and the highest ratio that is the goal."""


def compared_ms(taken: Mapping[str, Sequence[float]], compared: Sequence[Compared]) -> list[Row]:
    """Rows of times that were taken in turn, in seconds; with nothing taken, rows that say so."""
    rows: list[Row] = []
    for what, subject, ours, peer, theirs, goal in compared:
        values, ratio = ["–", "–"], None
        if taken:
            values = [figure(statistics.median(taken[name]) * 1000, "ms") for name in (ours, theirs)]
            ratio = median_ratio(taken[ours], taken[theirs])
        rows.append(Row(what, subject, values[0], peer, values[1], ratio, at_most=goal))
    return rows


def median_ratio(subject: Sequence[float], peer: Sequence[float]) -> float:
    """The median of the ratios taken round by round: what disturbs one round disturbs both sides of it."""
    return statistics.median(ours / theirs for ours, theirs in zip(subject, peer, strict=True))


def main(measure: Callable[[bool], Report], about: str | None) -> int:
    """The command line of one benchmark: `--quick`, `--json FILE`. Prints the table; the status is always 0."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few calls: to see that it works, not to quote")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    report = measure(options.quick)
    print(f"## {report.title}\n\n{report.markdown()}")
    if options.json is not None:
        options.json.write_text(json.dumps(report.document(), indent=1, ensure_ascii=False), encoding="utf-8")
    return 0


def _ratio(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
