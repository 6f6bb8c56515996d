"""Do the providers work, is there a model for those who name none, and what makes the others usable?"""

from collections.abc import Container

import anyio

from vox.daemon.doctor.check import Check
from vox.errors import VoxError
from vox.runtime.registry import Provider
from vox.runtime.runtime import Runtime
from vox.types import Kind, ModelInfo

__all__ = ["default_model", "providers"]

_INSTALL = ("Install the engines", 'pip install "voxhost[local]"')


async def default_model(runtime: Runtime, kind: Kind, name: str, what: str, bound_s: float) -> list[Check]:
    """Whether a request that names no model can be served.

    Args:
        bound_s: Seconds it may take: such a request asks the providers in their order, and waits for each.
    """
    try:
        with anyio.fail_after(bound_s):
            model = await runtime.default_model(kind)
    except TimeoutError:
        remedy = ("See which", "vox providers status; or set defaultAsr or defaultTts in config.json")
        return [Check(name, "warning", "requests that name no model wait for a provider that starts slowly", remedy)]
    known = [info for provider in runtime.registry.of(kind) for info in provider.known_models()]
    if model is None:
        lacking = next((info for info in known if not _usable(info)), None)
        return [Check(name, "error", f"no model for {what}", _remedy(lacking) if lacking else _INSTALL)]
    named = next((info for info in known if info.id == model), None)
    if named is not None and not _usable(named):  # the settings name it
        return [Check(name, "error", f"{what} is to be by {model}, which cannot be used yet", _remedy(named))]
    return [Check(name, "ok", f"{what} by {model}")]


async def providers(runtime: Runtime, unwritten: Container[tuple[str, str]], bound_s: float) -> list[Check]:
    """`backend`, and below it each provider, started if need be, with what its first model lacks when it has none that
    can be used.

    Args:
        unwritten: Id and kind of the providers that nobody asked for; to have no model is no fault of theirs.
        bound_s: Seconds a provider may take; one that takes longer goes on starting.
    """
    asked = runtime.registry.providers
    found: dict[int, Check] = {}

    async def ask(index: int, provider: Provider) -> None:
        found[index] = await _provider(provider, (provider.id, provider.kind) not in unwritten, bound_s)

    async with anyio.create_task_group() as tasks:
        for index, provider in enumerate(asked):
            tasks.start_soon(ask, index, provider)
    checks = [found[index] for index in range(len(asked))]
    return [_backend(checks), *checks]


async def _provider(provider: Provider, chosen: bool, bound_s: float) -> Check:
    name = f"provider {provider.kind} {provider.id}"
    log = ("Look at its log", f"vox providers logs {provider.id}")
    try:
        with anyio.fail_after(bound_s):
            models = await provider.models(fresh=True)
    except TimeoutError:
        return Check(name, "warning", f"has not answered within {bound_s:g} s; it goes on starting", log)
    except VoxError as error:
        return Check(name, "warning", error.message, log)
    runs = f"runs as process {provider.supervisor.pid}"
    if not models or any(map(_usable, models)):
        return Check(name, "ok", runs)
    status = "warning" if chosen else "ok"
    return Check(name, status, f"{runs}, but no model of it can be used yet", _remedy(models[0]))


def _usable(model: ModelInfo) -> bool:
    return model.installed and model.available


def _remedy(model: ModelInfo) -> tuple[str, str]:
    return f"For {model.id}", model.remedy or f"vox models install {model.id}"


def _backend(checks: list[Check]) -> Check:
    working = sum(check.status == "ok" for check in checks)
    told = f"{working} of {len(checks)} providers work"
    if not checks:
        return Check("backend", "error", "no provider is configured", _INSTALL)
    if not working:
        return Check("backend", "error", told, ("Look at their logs", "vox providers status"))
    if working < len(checks):
        return Check("backend", "warning", told, ("See which", "vox providers status"))
    return Check("backend", "ok", told)
