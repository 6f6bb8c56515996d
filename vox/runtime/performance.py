"""What the measurements of performance.jsonl come to: counts, and the spread of times, per client, model and route.

Imports nothing heavy: the command line computes the same without a daemon.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from vox.runtime.journal import Journal

__all__ = ["MAX_RECENT", "Performance", "spread"]

MAX_RECENT = 500
"""Single calls in a summary at most."""

_BEYOND_REASON = 1e12  # thirty years of milliseconds

_GROUPED_BY = {"byClient": "clientId", "byModel": "modelId", "byRoute": "route"}
_SHOWN = (
    "timestamp", "traceId", "clientId", "route", "modelId", "voiceId", "outcome", "code", "error",
    "totalMs", "queueMs", "audioDurationMs",
)  # fmt: skip


class Performance:
    """The measurements of one home.

    Args:
        path: The file performance.jsonl.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def summary(self, *, client: str | None = None, route: str | None = None, last: int = 20) -> dict[str, Any]:
        """What the calls cost, in the wire's names; of one client, or of one route, where that is given.

        Args:
            last: How many single calls are told too, the newest first.

        Returns:
            `samples`, `success` (counts), `clients`, `routes` (names), `unreadable` (lines passed over), `overall`,
            `byClient`, `byModel`, `byRoute` and `recent`.

        Raises:
            OSError: The file cannot be read.
        """
        journal, overall = Journal(self.path), _Group()
        groups: dict[str, dict[str, _Group]] = {name: {} for name in _GROUPED_BY}
        recent: list[dict[str, Any]] = []
        for row in journal.newest_first():
            if client not in (None, row.get("clientId")) or route not in (None, row.get("route")):
                continue
            call = _Call(row)
            overall.add(call)
            for name, key in _GROUPED_BY.items():
                if isinstance(value := row.get(key), str):
                    groups[name].setdefault(value, _Group()).add(call)
            if len(recent) < last:
                recent.append(call.shown())
        return {
            "samples": overall.samples,
            "success": overall.success,
            "clients": sorted(groups["byClient"]),
            "routes": sorted(groups["byRoute"]),
            "unreadable": journal.unreadable,
            "overall": overall.shown(),
            **{
                name: [{key: value, **groups[name][value].shown()} for value in sorted(groups[name])]
                for name, key in _GROUPED_BY.items()
            },
            "recent": recent,
        }


class _Call:
    """The figures of one row. What is not a number counts as unknown: the file may come from another version."""

    __slots__ = ("figures", "ok", "row")

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row
        self.ok = row.get("outcome") == "ok"
        given = row.get("metrics")
        metrics = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        factor = _number(row.get("realtimeFactor")) or _number(metrics.get("realtimeFactor"))
        work = [metrics.get("inferenceMs"), metrics.get("synthesisMs"), row.get("providerMs")]
        self.figures = {
            "totalMs": _first_number(row.get("totalMs"), metrics.get("totalMs")),
            "inferenceMs": _first_number(*work),
            "queueMs": _number(row.get("queueMs")),
            "speed": 1 / factor if factor and factor > 1 / _BEYOND_REASON else None,
        }

    def shown(self) -> dict[str, Any]:
        known = {name: self.row[name] for name in _SHOWN if name in self.row}
        if not self.ok:
            return known
        return known | {name: value for name, value in self.figures.items() if value is not None}


@dataclass(slots=True)
class _Group:
    """Calls that belong together. Times are those of calls that went well."""

    samples: int = 0
    success: int = 0
    figures: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def add(self, call: _Call) -> None:
        self.samples += 1
        if call.ok:
            self.success += 1
            for name, value in call.figures.items():
                if value is not None:
                    self.figures.setdefault(name, []).append(value)

    def shown(self) -> dict[str, Any]:
        times = {name: spread(self.figures.get(name, ())) for name in ("totalMs", "inferenceMs", "queueMs", "speed")}
        return {"samples": self.samples, "success": self.success, **times}


def spread(values: Iterable[float]) -> dict[str, float] | None:
    """`avg, p50, p95, min, max` of some values, the percentiles by nearest rank; None when there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    p50, p95 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.95))
    return {"avg": sum(ordered) / len(ordered), "p50": p50, "p95": p95, "min": ordered[0], "max": ordered[-1]}


def _first_number(*values: Any) -> float | None:
    return next((number for value in values if (number := _number(value)) is not None), None)


def _number(value: Any) -> float | None:
    """A figure that can be reckoned with: JSON of others may hold anything."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < _BEYOND_REASON else None
