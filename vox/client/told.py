"""What the daemon tells about itself, as values: warm-ups, events, records."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = ["HistoryPage", "RuntimeEvent", "Warmup", "event_of", "page_of", "snapshot_of", "warmup_of"]


@dataclass(frozen=True, slots=True)
class Warmup:
    """How far a model is on its way into memory. Moments are UTC, ISO 8601."""

    model: str
    state: str
    """`idle`, `scheduled`, `warming`, `ready` or `failed`."""
    requested_by: str | None = None
    """The client that asked last."""
    scheduled_for: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class RuntimeEvent:
    """Something that has happened in the daemon."""

    seq: int
    """Its number, higher than that of the event before it."""
    topic: str
    """`health`, `warmup`, `transcribe.session`, `synthesize.session`, `provider` or `jobs`; `runtime` for what is told
    about the events themselves."""
    name: str
    """What has happened. `snapshot` of the topic `runtime` says that events are lost, and how things stand now."""
    at: str
    """When: UTC, ISO 8601."""
    data: dict[str, Any]
    """What depends on the topic and the name."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some records, the newest first."""

    records: tuple[dict[str, Any], ...]
    """As they were written."""
    next_cursor: str | None
    """The `before` of the next page; None after the last."""
    enabled: bool
    """Whether calls are recorded now."""


def warmup_of(answer: dict[str, Any]) -> Warmup:
    """The result of a `warmup.*` method."""
    told = answer["warmup"]
    return Warmup(
        model=told["modelId"],
        state=told["state"],
        requested_by=told["requestedBy"],
        scheduled_for=told["scheduledFor"],
        started_at=told["startedAt"],
        completed_at=told["completedAt"],
        last_error=told["lastError"],
    )


def event_of(data: dict[str, Any]) -> RuntimeEvent:
    """The data of a `runtime.event`."""
    return RuntimeEvent(data["seq"], data["topic"], data["name"], data["at"], data["data"])


def page_of(answer: dict[str, Any]) -> HistoryPage:
    """The result of `history.list`."""
    return HistoryPage(tuple(answer["records"]), answer["nextCursor"], answer["enabled"])


def snapshot_of(answer: dict[str, Any]) -> RuntimeEvent:
    """What a subscription begins with that has missed events, from its `runtime.subscribe`."""
    told = {"epoch": answer["epoch"], "snapshotRequired": True, "snapshot": answer["snapshot"]}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return RuntimeEvent(answer["seq"], "runtime", "snapshot", now, told)
