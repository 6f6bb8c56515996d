"""What a provider is doing right now, for whoever asks."""

from typing import Any

from vox.config import ProviderEntry
from vox.log import redactor
from vox.runtime.registry import Provider

__all__ = ["disabled_status", "provider_status"]


def provider_status(provider: Provider) -> dict[str, Any]:
    """State, capacity and last error of one provider, in the wire's names. Nothing is started for it."""
    supervisor, snapshot = provider.supervisor, provider.limiter.snapshot()
    running = supervisor.running
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
        "noise": running.noise if running is not None else 0,
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
        "lastError": None,
        "retryAfterMs": 0,
    }
