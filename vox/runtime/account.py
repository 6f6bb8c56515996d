"""The account of one call: its times by stage and the facts of its measurement, closed once, however it ends."""

import secrets
from types import TracebackType
from typing import Any

from vox.protocol import metrics as contract
from vox.runtime.requests import Caller
from vox.runtime.routing import Route
from vox.runtime.telemetry import Recorder, Stopwatch, outcome_of
from vox.types import Kind

__all__ = ["Account"]

_TRACE_BYTES = 8  # enough that two calls of one log never share an id


class Account:
    """A context around one call; leaving it records the measurement, for success, failure and cancellation alike.

    Args:
        kind: What is asked for.
        caller: Who asks.
        recorder: Where the measurement goes.
    """

    def __init__(self, kind: Kind, caller: Caller, recorder: Recorder) -> None:
        self.watch = Stopwatch()
        self.trace_id = secrets.token_hex(_TRACE_BYTES)
        self._kind: Kind = kind
        self._recorder = recorder
        self._facts: dict[str, Any] = {
            "traceId": self.trace_id,
            "clientId": caller.client,
            "route": caller.method,
            "kind": kind,
            "attempt": 1,
        }

    def __enter__(self) -> "Account":
        return self

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        self._recorder.record(
            self._facts | self._times() | {"totalMs": round(self.watch.total_ms, 3)} | outcome_of(error)
        )

    def note(self, **facts: Any) -> None:
        """Add facts in the wire's names."""
        self._facts |= facts

    def routed(self, route: Route) -> None:
        """The call has a place to go."""
        self.note(modelId=route.model.id, providerId=route.provider.id, replica=0)

    def served_by(self, generation: int) -> None:
        """The process that will do the work: the how-manieth of its provider."""
        self.note(generation=generation)

    def settle(self, given: dict[str, float], duration_s: float) -> dict[str, float]:
        """The provider has done its work: the metrics as a client sees them, its own, ours, and what follows from
        both."""
        provider_ms = self.watch.stage("provider")
        metrics, complete = contract.complete(given, self._kind, provider_ms)
        work_ms = metrics.get("inferenceMs" if self._kind == "asr" else "synthesisMs", provider_ms)
        metrics.setdefault("audioDurationMs", round(duration_s * 1000))
        metrics["realtimeFactor"] = round(work_ms / (duration_s * 1000), 5) if duration_s else 0.0
        metrics |= self._times()
        self.note(
            metrics=metrics,
            metricsComplete=complete,
            audioDurationMs=round(duration_s * 1000),
            realtimeFactor=metrics["realtimeFactor"],
        )
        return metrics

    def _times(self) -> dict[str, float]:
        """Waiting, work, starting and the rest of Vox, told apart: the four sum up to the total."""
        stage = self.watch.stage
        rest = self.watch.total_ms - stage("provider") - stage("queue") - stage("start")
        times = {
            "queueMs": stage("queue"),
            "providerMs": stage("provider"),
            "prepareMs": stage("prepare"),
            "startMs": stage("start"),
            "overheadMs": rest,
        }
        return {name: round(value, 3) for name, value in times.items()}
