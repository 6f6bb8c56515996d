"""What a provider is doing right now, for whoever asks."""

from typing import Any

from vox.config import ProviderEntry
from vox.log import redactor
from vox.runtime.registry import Provider
from vox.runtime.replicas import Replica

__all__ = ["disabled_status", "provider_status"]


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
        "builtin": provider.entry.builtin,
        "noise": sum(process.noise for process in processes),
        "lateAnswers": sum(process.late for process in processes),
        "lastError": next(iter(errors), None),
        "retryAfterMs": 0 if processes else supervisor.retry_after_ms,
        "replicas": [_replica_status(provider, replica) for replica in replicas],
    }


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
    }


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
        "builtin": entry.builtin,
        "noise": 0,
        "lateAnswers": 0,
        "lastError": None,
        "retryAfterMs": 0,
        "replicas": [],
    }
