"""The measurement of a session: one row for all its pieces."""

from typing import Any

from vox.runtime.telemetry import outcome_of

__all__ = ["Tally"]

_SUMMED = ("queueMs", "providerMs", "prepareMs", "startMs", "overheadMs", "totalMs", "inputBytes")
_KEPT = ("modelId", "providerId", "generation", "replica")


class Tally:
    """Takes the measurements of calls and adds them up; stands where a call's `Recorder` would."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(_SUMMED, 0.0)
        self._facts: dict[str, Any] = {}
        self._metrics: dict[str, float] = {}
        self._complete = True
        self.pieces = 0
        """Calls that ended well."""

    def record(self, row: dict[str, Any]) -> None:
        """Add one call. The times of one that failed count too: somebody waited for them."""
        for name in _SUMMED:
            self._sums[name] += row.get(name, 0)
        self._facts |= {name: row[name] for name in _KEPT if name in row}
        if row["outcome"] != "ok":
            return
        self.pieces += 1
        self._complete = self._complete and row.get("metricsComplete", True)
        for name, value in row["metrics"].items():
            self._metrics[name] = self._metrics.get(name, 0) + value

    def metrics(self, duration_s: float, final_ms: float) -> dict[str, float]:
        """What a client is told: the sums over the pieces.

        Args:
            duration_s: Of the whole recording.
            final_ms: From its end to the last word.
        """
        given = {**self._times(), "inferenceMs": 0.0, **self._metrics}
        first = self._metrics.get("wasPreloaded")
        if first is not None:  # a flag, which has no sum: true when no piece had to load the model
            given["wasPreloaded"] = float(first >= self.pieces)
        duration_ms = round(duration_s * 1000)
        factor = round(given["inferenceMs"] / duration_ms, 5) if duration_ms else 0.0
        own = {"audioDurationMs": duration_ms, "realtimeFactor": factor, "finalMs": final_ms, "pieces": self.pieces}
        rounded = {name: round(value, 3) for name, value in given.items()}
        return {**rounded, "inputBytes": int(self._sums["inputBytes"]), **own}

    def row(
        self, facts: dict[str, Any], metrics: dict[str, float] | None, error: BaseException | None
    ) -> dict[str, Any]:
        """The one row of the session.

        Args:
            facts: Who it was for and what it was.
            metrics: As `metrics` gave them, once it ended well.
        """
        told: dict[str, Any] = {**facts, "kind": "asr", "attempt": 1, **self._facts, **self._times()}
        told |= {"pieces": self.pieces, "inputBytes": int(self._sums["inputBytes"])}
        if metrics is not None:
            told |= {"metrics": metrics, "metricsComplete": self._complete}
            told |= {name: metrics[name] for name in ("realtimeFactor", "finalMs")}
        return told | outcome_of(error)

    def _times(self) -> dict[str, float]:
        return {name: round(self._sums[name], 3) for name in _SUMMED if name != "inputBytes"}
