"""Getting models: their files (install) and their weights in memory (preload)."""

from vox.errors import ModelNotInstalled, ProviderFailed, ProviderTimeout, VoxError
from vox.protocol.jsonrpc import METHOD_NOT_FOUND
from vox.protocol.provider import ModelShape, ProgressNotice, read_model
from vox.runtime.requests import OnProgress
from vox.runtime.routing import Route, Router
from vox.types import ModelInfo, Progress

__all__ = ["find_model", "install_model", "installed", "preload_model"]


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
        ModelNotInstalled: Its files are not here yet.
    """
    if not route.model.installed:
        raise ModelNotInstalled(
            f"Model {route.model.id} is not installed. Install it with: vox models install {route.model.id}",
            modelId=route.model.id,
        )
    return route


async def install_model(route: Route, on_progress: OnProgress) -> ModelInfo:
    """Get the model's files. There is no limit in time, but one without progress.

    Raises:
        VoxError: The provider failed.
    """
    idle_s = route.provider.entry.timeouts.install_idle_ms / 1000
    return await _ask(route, "install", on_progress, idle_s, idle_s)


async def preload_model(route: Route, on_progress: OnProgress) -> ModelInfo:
    """Load the model into memory. A provider that does not know the method, or never answers it as the published
    minimal one, is none the worse for it: the model stays as it is, and the progress says `unsupported`.

    Raises:
        VoxError: The provider failed.
    """
    try:
        return await _ask(route, "preload", on_progress, route.provider.entry.timeouts.preload_ms / 1000, None)
    except (ProviderTimeout, ProviderFailed) as error:
        if isinstance(error, ProviderFailed) and error.details.get("providerCode") != METHOD_NOT_FOUND:
            raise
        on_progress(Progress(route.model.id, 1.0, "unsupported"))
        return route.model


async def _ask(
    route: Route, method: str, on_progress: OnProgress, timeout_s: float, prolong_s: float | None
) -> ModelInfo:
    def report(notice: ProgressNotice) -> None:
        on_progress(
            Progress(
                notice.model_id or route.model.id,
                min(1.0, notice.progress),
                notice.status,
                notice.bytes_done,
                notice.bytes_total,
            )
        )

    shape: ModelShape = await route.provider.supervisor.call(
        method,
        {"modelId": route.model.id},
        lambda raw, _: read_model(raw),
        timeout_s=timeout_s,
        on_progress=report,
        prolong_s=prolong_s,
    )
    return route.provider.learn(shape)
