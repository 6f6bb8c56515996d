"""The account of one call: its times by stage and the facts of its measurement, closed once, however it ends."""

import secrets
from collections.abc import Mapping
from itertools import count
from types import TracebackType
from typing import Any

from vox.protocol import metrics as contract
from vox.runtime.requests import Caller
from vox.runtime.routing import Route
from vox.runtime.telemetry import Rows, Stopwatch, outcome_of
from vox.types import Kind

__all__ = ["Account"]

_RUN = secrets.token_hex(4)  # of this daemon: two calls of one log do not share an id, whatever run they were in
_number = count(1)
_OURS = frozenset(("queueMs", "providerMs", "prepareMs", "startMs", "overheadMs"))  # measured here, whatever is given


class Account(Stopwatch):
    """A context around one call; leaving it records the measurement, for success, failure and cancellation alike.

    Args:
        kind: What is asked for.
        caller: Who asks.
        recorder: Where the measurement goes.
    """

    __slots__ = ("_caller", "_facts", "_first", "_kind", "_recorder", "_route", "_times", "trace_id")

    def __init__(self, kind: Kind, caller: Caller, recorder: Rows) -> None:
        super().__init__()
        self.trace_id = f"{_RUN}{next(_number):08x}"
        self._kind: Kind = kind
        self._caller, self._recorder = caller, recorder
        self._route: Mapping[str, Any] = {}
        self._times: dict[str, float] | None = None
        self._facts: dict[str, Any] = {}
        self._first: dict[str, float] = {}

    def __enter__(self) -> "Account":
        return self

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        row = {
            "traceId": self.trace_id,
            "clientId": self._caller.client,
            "route": self._caller.method,
            "kind": self._kind,
            "attempt": 1,
            **self._route,
            **self._facts,
            **(self._times or self.times()),
            "outcome": "ok",
        }
        self._recorder.record(row if error is None else row | outcome_of(error))

    def note(self, **facts: Any) -> None:
        """Add facts in the wire's names."""
        self._facts.update(facts)

    def begun(self, name: str) -> None:
        """The first part of a stream is here: `name` says how long that took since the call began."""
        self._facts[name] = self._first[name] = self.total_ms

    def routed(self, route: Route) -> None:
        """The call has a place to go."""
        self._route = route.facts

    def served_by(self, generation: int, replica: int) -> None:
        """The process that will do the work: the how-manieth of that replica of its provider."""
        self._facts["generation"], self._facts["replica"] = generation, replica

    def settle(self, given: dict[str, float], duration_s: float) -> dict[str, float]:
        """The provider has done its work: the metrics as a client sees them, its own, ours, and what follows from
        both. The call's time ends here."""
        times, facts = self.times(), self._facts
        given, complete = contract.complete(given, self._kind, times["providerMs"])
        work_ms = given.get("inferenceMs" if self._kind == "asr" else "synthesisMs", times["providerMs"])
        duration_ms = duration_s * 1000
        factor = int(work_ms / duration_ms * 1e5 + 0.5) / 1e5 if duration_ms else 0.0
        facts["audioDurationMs"] = whole_ms = round(duration_ms)
        # A provider's totalMs and audioDurationMs mean its own.
        metrics = {**times, "audioDurationMs": whole_ms, **given, "realtimeFactor": factor}
        if not _OURS.isdisjoint(given):
            metrics |= {name: times[name] for name in _OURS}
        if self._first:
            metrics |= self._first
        facts["metrics"], facts["metricsComplete"], facts["realtimeFactor"] = metrics, complete, factor
        self._times = times
        return metrics
