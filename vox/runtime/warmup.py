"""Loading what the entries want to have loaded before anybody asks for it."""

from collections.abc import Iterable

import anyio

from vox.errors import VoxError
from vox.log import get_logger
from vox.runtime.getting import installed, preload_model
from vox.runtime.registry import Provider
from vox.runtime.routing import Route
from vox.types import Progress

__all__ = ["warm_up"]

_log = get_logger()


async def warm_up(providers: Iterable[Provider]) -> None:
    """Preload the models that the entries name under `preload`: the entries at the same time, the models of one in
    their order. What fails is logged, and costs nobody else."""
    async with anyio.create_task_group() as tasks:
        for provider in providers:
            if provider.entry.preload:
                tasks.start_soon(_warm_up, provider)


async def _warm_up(provider: Provider) -> None:
    for name in provider.entry.preload:
        try:
            await provider.ready()
            model = provider.known_model(name)
            if model is None:
                known = ", ".join(info.id for info in provider.known_models()) or "none"
                _log.warning("preload.unknown_model", provider=provider.id, model=name, known=known)
                continue
            await preload_model(installed(Route(provider, model)), _ignore)
        except VoxError as error:
            _log.warning("preload.failed", provider=provider.id, model=name, error=error.message)


def _ignore(_: Progress) -> None:
    """Nobody watches."""
