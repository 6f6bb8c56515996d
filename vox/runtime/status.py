"""What a provider is doing right now, for whoever asks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from vox.config import ProviderEntry
from vox.host.supervisor import Supervisor
from vox.log import redactor
from vox.runtime.registry import Provider, ProviderEvent
from vox.runtime.replicas import Replica

__all__ = ["disabled_status", "event_data", "provider_status", "stamp"]


def provider_status(provider: Provider) -> dict[str, Any]:
    """State, capacity and last error of one provider, in the wire's names. Nothing is started for it."""
    supervisor, snapshot, replicas = provider.supervisor, provider.limiter.snapshot(), provider.replicas.all
    processes = [process for replica in replicas if (process := replica.supervisor.running) is not None]
    errors = [error for replica in replicas if (error := replica.supervisor.last_error) is not None]
    busy = supervisor.state == "ready" and snapshot.in_use >= snapshot.limit
    return {
        "id": provider.id,
        "kind": provider.kind,
        "state": "busy" if busy else supervisor.state,
        "pid": supervisor.pid,
        "generation": supervisor.generation,
        "limit": snapshot.limit,
        "inUse": snapshot.in_use,
        "queued": snapshot.queued,
        "oldestWaitMs": snapshot.oldest_wait_ms,
        "serviceMs": snapshot.service_ms,
        "models": [info.id for info in provider.known_models()],
        "command": [redactor.text(part) for part in supervisor.spec.argv],
        "builtin": bool(provider.entry.builtin),
        "noise": sum(process.noise for process in processes),
        "lateAnswers": sum(process.late for process in processes),
        "lastError": next(iter(errors), None),
        "retryAfterMs": 0 if processes else supervisor.retry_after_ms,
        **_unloading(supervisor),
        "replicas": [_replica_status(provider, replica) for replica in replicas],
    }


def event_data(event: ProviderEvent) -> dict[str, Any]:
    """What is told of a provider to whom something has happened."""
    supervisor = event.supervisor
    told = {"id": event.entry.id, "kind": event.entry.kind, "replica": event.replica, "pid": event.pid}
    told |= {"generation": supervisor.generation} if supervisor is not None else {}
    if supervisor is not None and event.name in ("failed", "crashed"):
        told["lastError"] = supervisor.last_error
    if supervisor is not None and event.name == "backing_off":
        told["retryAfterMs"] = supervisor.retry_after_ms
    return told


def stamp(moment: datetime) -> str:
    """A moment in UTC as clients read it: ISO 8601, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _replica_status(provider: Provider, replica: Replica) -> dict[str, Any]:
    supervisor, limit = replica.supervisor, provider.limiter.limit
    busy = supervisor.state == "ready" and (replica.in_use >= limit or replica.rest is not None)
    return {
        "replica": replica.number,
        "state": "hung" if replica.lost else "busy" if busy else supervisor.state,
        "pid": supervisor.pid,
        "generation": supervisor.generation,
        "limit": limit,
        "inUse": replica.in_use,
        "lastError": supervisor.last_error,
        "retryAfterMs": supervisor.retry_after_ms,
        **_unloading(supervisor),
    }


def _unloading(supervisor: Supervisor) -> dict[str, Any]:
    """When the process is stopped, unless it is used before."""
    seconds = supervisor.unload_s
    if seconds is None:
        return {"unloadAt": None, "unloadInMs": None}
    return {"unloadAt": stamp(datetime.now(UTC) + timedelta(seconds=seconds)), "unloadInMs": round(seconds * 1000)}


def disabled_status(entry: ProviderEntry) -> dict[str, Any]:
    """An entry that says `"enabled": false`, under the same names."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "state": "disabled",
        "pid": None,
        "generation": 0,
        "limit": 0,
        "inUse": 0,
        "queued": 0,
        "oldestWaitMs": 0,
        "serviceMs": None,
        "models": entry.models or [],
        "command": [redactor.text(part) for part in entry.command or ()],
        "builtin": bool(entry.builtin),
        "noise": 0,
        "lateAnswers": 0,
        "lastError": None,
        "retryAfterMs": 0,
        "unloadAt": None,
        "unloadInMs": None,
        "replicas": [],
    }
