"""Do the providers work, and is there a model for those who name none?"""

import anyio

from vox.daemon.doctor.check import Check
from vox.errors import VoxError
from vox.runtime.registry import Provider
from vox.runtime.runtime import Runtime
from vox.types import Kind

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
    if model is None:
        return [Check(name, "error", f"no model for {what}", _INSTALL)]
    return [Check(name, "ok", f"{what} by {model}")]


async def providers(runtime: Runtime, bound_s: float) -> list[Check]:
    """`backend`, and below it each provider, started if need be.

    Args:
        bound_s: Seconds a provider may take; one that takes longer goes on starting.
    """
    asked = runtime.registry.providers
    found: dict[int, Check] = {}

    async def ask(index: int, provider: Provider) -> None:
        found[index] = await _provider(provider, bound_s)

    async with anyio.create_task_group() as tasks:
        for index, provider in enumerate(asked):
            tasks.start_soon(ask, index, provider)
    checks = [found[index] for index in range(len(asked))]
    return [_backend(checks), *checks]


async def _provider(provider: Provider, bound_s: float) -> Check:
    name = f"provider {provider.kind} {provider.id}"
    log = ("Look at its log", f"vox providers logs {provider.id}")
    try:
        with anyio.fail_after(bound_s):
            await provider.ready()
    except TimeoutError:
        return Check(name, "warning", f"has not answered within {bound_s:g} s; it goes on starting", log)
    except VoxError as error:
        return Check(name, "warning", error.message, log)
    return Check(name, "ok", f"runs as process {provider.supervisor.pid}")


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
