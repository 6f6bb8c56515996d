"""A model about to be measured: in a process of its own that has only just been started, or as it is found."""

import contextlib
from collections.abc import Generator
from time import perf_counter
from typing import Any

from vox.bench.memory import PeakMemory
from vox.bench.results import Found
from vox.client import Client
from vox.errors import VoxError

__all__ = ["REMOTE", "is_remote", "measured"]

REMOTE = frozenset(("remote", "credentials"))
"""Features of models whose work is done by somebody else, who may charge for it."""


@contextlib.contextmanager
def measured(client: Client, found: Found, *, cold: bool) -> Generator[None]:
    """Have the model in memory, and watch what its processes hold, for as long as the context lasts. Its figures are in
    `found` afterwards.

    Args:
        cold: Start its provider anew and measure how long that takes. Its calls for others are finished first. A model
            that was not in memory before is not there afterwards either.

    Raises:
        VoxError: It cannot be had.
    """
    provider = {"id": found.provider, "kind": found.kind}
    stays = not cold or _is_loaded(client, found.model)
    if cold:
        client.call("providers.restart", provider)
    start_ms = _took(client, "providers.call", {**provider, "method": "models"})
    memory = PeakMemory(_processes(client, found))
    try:
        with memory:
            load_ms = _took(client, "models.preload", {"modelId": found.model})
            if cold:
                found.start_ms, found.load_ms = start_ms, load_ms
            yield
    finally:
        found.peak_bytes = memory.peak_bytes
        if not stays:
            with contextlib.suppress(VoxError):  # what went wrong before is what matters
                client.call("providers.restart", provider)


def is_remote(client: Client, model: dict[str, Any]) -> bool:
    """Whether a model of `models.list` works elsewhere, as its provider tells. One that cannot tell is taken for local:
    it cannot work either."""
    asked = {"id": model["provider"], "kind": model["kind"], "method": "models"}
    try:
        answer: Any = client.call("providers.call", asked)["result"]
    except VoxError:
        return False
    answer = answer if isinstance(answer, dict) else {}
    told: list[Any] = answer["models"] if isinstance(answer.get("models"), list) else []
    features = [answer.get("features"), *(one.get("features") for one in told if _is(one, model["id"]))]
    return any(isinstance(names, list) and REMOTE.intersection(map(str, names)) for names in features)  # pyright: ignore[reportUnknownArgumentType]


def _is_loaded(client: Client, model: str) -> bool:
    return client.call("warmup.status", {"modelId": model})["warmup"]["state"] == "ready"


def _is(told: Any, model: str) -> bool:
    return isinstance(told, dict) and told.get("id") == model


def _took(client: Client, method: str, params: dict[str, Any]) -> float:
    begin = perf_counter()
    client.call(method, params)
    return (perf_counter() - begin) * 1000


def _processes(client: Client, found: Found) -> list[int]:
    providers = client.call("providers.status")["providers"]
    replicas = [
        replica
        for one in providers
        if (one["id"], one["kind"]) == (found.provider, found.kind)
        for replica in one["replicas"]
    ]
    return [replica["pid"] for replica in replicas if replica["pid"] is not None]
