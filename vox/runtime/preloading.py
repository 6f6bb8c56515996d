"""Loading what the configuration wants to have loaded before anybody asks for it."""

from collections.abc import Iterable

import anyio

from vox.errors import VoxError
from vox.log import get_logger
from vox.runtime.registry import Provider
from vox.runtime.routing import Route
from vox.runtime.warmup import Warmup, Warmups

__all__ = ["SERVICE", "preload_default", "preload_entries"]

SERVICE = "service-start"
"""Who asks for what is loaded without a client; the name that published clients know."""

_log = get_logger()


async def preload_entries(warmups: Warmups, providers: Iterable[Provider]) -> None:
    """Load the models that the entries name under `preload`: the entries at the same time, the models of one in
    their order. What fails is logged, and costs nobody else."""
    async with anyio.create_task_group() as tasks:
        for provider in providers:
            if provider.entry.preload:
                tasks.start_soon(_preload, warmups, provider)


async def preload_default(warmups: Warmups) -> None:
    """Load the default recogniser. What fails is logged; nothing is downloaded."""
    try:
        warmup = await warmups.start(None, SERVICE)
        _tell(await warmups.over(warmup.model))
    except VoxError as error:
        _log.warning("warmup.no_default", error=error.message)


async def _preload(warmups: Warmups, provider: Provider) -> None:
    for name in provider.entry.preload:
        try:
            await provider.ready()
            model = provider.known_model(name)
            if model is None:
                known = ", ".join(info.id for info in provider.known_models()) or "none"
                _log.warning("preload.unknown_model", provider=provider.id, model=name, known=known)
                continue
            warmups.begin(Route(provider, model), SERVICE)
            _tell(await warmups.over(name))
        except VoxError as error:
            _log.warning("preload.failed", provider=provider.id, model=name, error=error.message)


def _tell(warmup: Warmup) -> None:
    if warmup.state == "failed":
        _log.warning("preload.failed", model=warmup.model, error=warmup.last_error)
