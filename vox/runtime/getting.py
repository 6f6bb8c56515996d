"""Getting models: their files (install) and their weights in memory (preload)."""

from dataclasses import replace
from typing import Any

import anyio

from vox.errors import ModelNotInstalled, ProviderFailed, ProviderTimeout, VoxError
from vox.host.supervisor import Supervisor
from vox.protocol.jsonrpc import METHOD_NOT_FOUND
from vox.protocol.provider import ModelShape, ProgressNotice, read_model
from vox.runtime.registry import Provider
from vox.runtime.replicas import Replica
from vox.runtime.requests import OnProgress
from vox.runtime.routing import Route, Router
from vox.types import ModelInfo, Progress

__all__ = ["ask_for_model", "find_model", "install_model", "installed", "preload_model", "progress_of"]


async def find_model(router: Router, model: str | None, *, exact: bool) -> Route:
    """A model of either kind: a client that installs one does not say what it is for.

    Raises:
        ModelNotFound: Nobody serves it.
        ProviderUnavailable: The only provider that might cannot be started.
    """
    try:
        return await router.resolve(model, "asr", exact=exact)
    except VoxError as error:
        try:
            return await router.resolve(model, "tts", exact=exact)
        except VoxError:
            raise error from None


def installed(route: Route) -> Route:
    """The route itself, when its model can be used.

    Raises:
        ModelNotInstalled: Its files are not here yet, or its provider says what else it lacks.
    """
    model = route.model
    if model.installed and not model.available and model.remedy:
        raise ModelNotInstalled(f"Model {model.id} cannot be used yet. {model.remedy}", modelId=model.id)
    if not model.installed:
        remedy = model.remedy or f"vox models install {model.id}"
        told = f"Install it with: {remedy}" if remedy.startswith("vox ") else remedy
        raise ModelNotInstalled(f"Model {model.id} is not installed. {told}", modelId=model.id)
    return route


async def install_model(route: Route, on_progress: OnProgress) -> ModelInfo:
    """Get the model's files. There is no limit in time, but one without progress.

    Raises:
        VoxError: The provider failed.
    """
    return await ask_for_model(route.provider, "install", {"modelId": route.model.id}, on_progress)


async def ask_for_model(provider: Provider, method: str, params: dict[str, Any], on_progress: OnProgress) -> ModelInfo:
    """Have a provider change the files of a model, and take over what it says of it then. There is no limit in time,
    but one without progress.

    Raises:
        VoxError: The provider failed.
    """
    await provider.ready()
    idle_s = provider.entry.timeouts.install_idle_ms / 1000
    return provider.learn(await _ask(provider.supervisor, method, params, on_progress, idle_s))


async def preload_model(route: Route, on_progress: OnProgress) -> ModelInfo:
    """Load the model into memory, in every process that runs, or in one that is started for it; progress gives it its
    time again. A provider that does not know the method, or never answers it as the published minimal one, is none the
    worse for it: the model stays as it is, and the progress says `unsupported`.

    Raises:
        VoxError: The provider failed.
    """
    try:
        return await _preload(route, on_progress)
    except (ProviderTimeout, ProviderFailed) as error:
        if isinstance(error, ProviderFailed) and error.details.get("providerCode") != METHOD_NOT_FOUND:
            raise
        on_progress(Progress(route.model.id, 1.0, "unsupported"))
        return route.model


async def _preload(route: Route, on_progress: OnProgress) -> ModelInfo:
    provider, model = route.provider, route.model.id
    await provider.ready()
    replicas = provider.replicas.running or [provider.replicas.lead]
    done, told, errors = [0.0] * len(replicas), list[ModelShape](), list[VoxError]()

    async def load(index: int, replica: Replica) -> None:
        def report(progress: Progress) -> None:
            done[index] = progress.fraction
            on_progress(replace(progress, fraction=sum(done) / len(done)))

        try:
            timeout_s = provider.entry.timeouts.preload_ms / 1000
            told.append(await _ask(replica.supervisor, "preload", {"modelId": model}, report, timeout_s))
            replica.loads(model)
        except VoxError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for index, replica in enumerate(replicas):
            tasks.start_soon(load, index, replica)
    if errors:
        raise errors[0]
    return provider.learn(told[0])


def progress_of(notice: ProgressNotice, model: str) -> Progress:
    """What a provider tells of its progress; `model` is meant where it names none."""
    return Progress(
        notice.model_id or model, min(1.0, notice.progress), notice.status, notice.bytes_done, notice.bytes_total
    )


async def _ask(
    supervisor: Supervisor, method: str, params: dict[str, Any], on_progress: OnProgress, timeout_s: float
) -> ModelShape:
    def report(notice: ProgressNotice) -> None:
        on_progress(progress_of(notice, str(params["modelId"])))

    return await supervisor.call(
        method,
        params,
        lambda raw, _: read_model(raw),
        timeout_s=timeout_s,
        on_progress=report,
        prolong_s=timeout_s,
    )
