"""The account of one call: its times by stage and the facts of its measurement, closed once, however it ends."""

import secrets
from itertools import count
from types import TracebackType
from typing import Any

from vox.protocol import metrics as contract
from vox.runtime.requests import Caller
from vox.runtime.routing import Route
from vox.runtime.telemetry import Recorder, Stopwatch, outcome_of
from vox.types import Kind

__all__ = ["Account"]

_RUN = secrets.token_hex(4)  # of this daemon: two calls of one log do not share an id, whatever run they were in
_number = count(1)
_TOLD = ("queueMs", "providerMs", "prepareMs", "startMs", "overheadMs")  # a metric `totalMs` is the provider's own


class Account:
    """A context around one call; leaving it records the measurement, for success, failure and cancellation alike.

    Args:
        kind: What is asked for.
        caller: Who asks.
        recorder: Where the measurement goes.
    """

    __slots__ = ("_facts", "_kind", "_recorder", "_times", "trace_id", "watch")

    def __init__(self, kind: Kind, caller: Caller, recorder: Recorder) -> None:
        self.watch = Stopwatch()
        self.trace_id = f"{_RUN}{next(_number):08x}"
        self._kind: Kind = kind
        self._recorder = recorder
        self._times: dict[str, float] | None = None
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
        facts = self._facts
        facts.update(self._times or self.watch.times())
        if error is None:
            facts["outcome"] = "ok"
        else:
            facts.update(outcome_of(error))
        self._recorder.record(facts)

    def note(self, **facts: Any) -> None:
        """Add facts in the wire's names."""
        self._facts.update(facts)

    def routed(self, route: Route) -> None:
        """The call has a place to go."""
        model, facts = route.model, self._facts
        facts["modelId"], facts["providerId"], facts["replica"] = model.id, model.provider, 0
        self.watch.lap("route")

    def served_by(self, generation: int) -> None:
        """The process that will do the work: the how-manieth of its provider."""
        self._facts["generation"] = generation

    def settle(self, given: dict[str, float], duration_s: float) -> dict[str, float]:
        """The provider has done its work: the metrics as a client sees them, its own, ours, and what follows from
        both. The call's time ends here."""
        times = self._times = self.watch.times()
        provider_ms = times["providerMs"]
        metrics, complete = contract.complete(given, self._kind, provider_ms)
        work_ms = metrics.get("inferenceMs" if self._kind == "asr" else "synthesisMs", provider_ms)
        duration_ms = round(duration_s * 1000)
        metrics.setdefault("audioDurationMs", duration_ms)
        factor = metrics["realtimeFactor"] = round(work_ms / (duration_s * 1000), 5) if duration_s else 0.0
        for name in _TOLD:
            metrics[name] = times[name]
        facts = self._facts
        facts["metrics"], facts["metricsComplete"] = metrics, complete
        facts["audioDurationMs"], facts["realtimeFactor"] = duration_ms, factor
        return metrics
