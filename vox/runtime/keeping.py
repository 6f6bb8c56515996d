"""Model files of this machine: taking them in from a folder or an archive, and deleting them.

Where a model's files lie is its provider's business; what is decided here is who is asked, what is asked of whom, and
that nobody uses a model while it goes.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

import anyio
from anyio import from_thread

from vox.errors import InvalidRequest, ModelNotFound, NoInput, ProviderBusy, Unsupported, VoxError
from vox.log import get_logger
from vox.paths import Home
from vox.protocol.provider import read_fits
from vox.runtime.getting import ask_for_model, find_model
from vox.runtime.registry import Provider, Registry
from vox.runtime.requests import OnProgress
from vox.runtime.routing import Route, Router
from vox.runtime.unpacking import is_archive, unpack
from vox.types import ModelInfo, Progress

__all__ = ["IMPORT", "REMOVE", "find_listed_or_not", "import_model", "remove_model"]

IMPORT, REMOVE = "models.import", "models.remove"
"""The features that a provider declares."""

_ENDINGS = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar", ".zip")
_log = get_logger()


async def find_listed_or_not(registry: Registry, router: Router, model: str | None) -> Route:
    """A model whose files are to come here. Where nobody lists it, it is taken for one of the provider that takes files
    and has others of that prefix: some serve more than they list, such as any voice of a hub.

    Raises:
        ModelNotFound: Nobody serves it, or has any of that prefix.
        VoxError: As `find_model`.
    """
    try:
        return await find_model(router, model, exact=True)
    except ModelNotFound:
        prefix, colon, _ = (model or "").partition(":")
        for provider in registry.providers if colon else ():
            named = any(info.id.startswith(f"{prefix}:") for info in provider.known_models())
            info = provider.possible_model(model or "") if named else None
            if info is not None and IMPORT in info.features:
                return Route(provider, info)
        raise


async def import_model(
    registry: Registry, home: Home, path: Path, route: Route | None, link: bool, on_progress: OnProgress
) -> ModelInfo:
    """Take a model's files from a folder, an archive, or a file of the folder.

    Args:
        route: Of the model they are for; None finds out by asking every provider.
        link: Leave the files where they are, and point at them.

    Raises:
        NoInput: There is no such folder or file.
        InvalidRequest: The files are of no model here, or could be of several.
        Unsupported: The provider of the model takes no files.
        VoxError: A provider failed.
    """
    if not await anyio.Path(path).exists():
        raise NoInput(f"There is no {path}. Name a folder with a model's files, or a zip or tar archive of one.")
    if await anyio.Path(path).is_dir():
        return await _take(registry, path, route, "link" if link else "copy", on_progress)
    if link:
        raise InvalidRequest(f"{path} is an archive, and nothing can point into one. Leave out --link.")
    await anyio.Path(home.models).mkdir(parents=True, exist_ok=True)
    stage = Path(mkdtemp(prefix=".import-", dir=home.models))
    try:
        name = route.model.id if route is not None else path.name
        folder = await _unpacked(path, stage, name, on_progress)
        return await _take(registry, folder, route, "move", on_progress)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(stage, ignore_errors=True))


async def remove_model(registry: Registry, route: Route, on_progress: OnProgress) -> ModelInfo:
    """Delete a model's files. It is unloaded before: the processes that hold it are replaced.

    Raises:
        Unsupported: Its provider deletes nothing.
        ProviderBusy: A call is inside the provider.
        VoxError: The provider failed.
    """
    provider, model = route.provider, await _asked(route)
    if REMOVE not in model.features:
        raise Unsupported(f"{model.id} is not Vox's to remove: provider {provider.id} brought no files for it.")
    if provider.limiter.in_use:
        raise ProviderBusy(
            f"Provider {provider.id} is at work, so {model.id} is not removed. Try again when its calls have ended, or "
            f"end them: vox providers restart {provider.id} --now",
            provider=provider.id,
            inUse=provider.limiter.in_use,
        )
    if model.preloaded or any(replica.has(model.id) for replica in provider.replicas.running):
        await registry.restart(provider)
    return await ask_for_model(provider, "remove", {"modelId": model.id}, on_progress)


async def _take(registry: Registry, folder: Path, route: Route | None, how: str, on_progress: OnProgress) -> ModelInfo:
    if route is None:
        route = await _find(registry, folder)
    if IMPORT not in (await _asked(route)).features:
        raise Unsupported(f"Provider {route.provider.id} takes no files for {route.model.id}: see its page.")
    params = {"modelId": route.model.id, "path": str(folder), "how": how}
    return await ask_for_model(route.provider, "import", params, on_progress)


async def _asked(route: Route) -> ModelInfo:
    """The model as its provider describes it now; an entry that lists its models says nothing of what it can do."""
    await route.provider.models(fresh=True)
    return route.provider.known_model(route.model.id) or route.model


async def _find(registry: Registry, folder: Path) -> Route:
    """The one model here whose files these could be."""
    await registry.models(("asr", "tts"))  # which starts the providers that do not run yet
    asked = [one for one in registry.providers if any(IMPORT in info.features for info in one.known_models())]
    found = [Route(one, info) for one in asked for info in await _fitting(one, folder)]
    if len(found) == 1:
        return found[0]
    if not found:
        names = ", ".join(one.id for one in asked) or "none here"
        raise InvalidRequest(f"{folder} holds files of no model that is known. Providers that take files: {names}.")
    ids = [route.model.id for route in found]
    raise InvalidRequest(f"The files could be of {' or '.join(ids)}: say which, with --as {ids[0]}.", fits=ids)


async def _fitting(provider: Provider, folder: Path) -> Sequence[ModelInfo]:
    timeout_s = provider.entry.timeouts.install_idle_ms / 1000
    try:
        told = await provider.supervisor.call(
            "import", {"path": str(folder)}, lambda raw, _: read_fits(raw), timeout_s=timeout_s
        )
    except VoxError as error:
        _log.warning("import.not_told", provider=provider.id, error=error.message)
        return ()
    return [info for name in told.fits if (info := provider.possible_model(name)) is not None]


async def _unpacked(archive: Path, stage: Path, name: str, on_progress: OnProgress) -> Path:
    """The folder with what was in the archive; it has the archive's name, which may tell the model."""
    folder = stage / _stem(archive)

    def report(done: int, total: int) -> None:
        from_thread.check_cancelled()
        from_thread.run_sync(on_progress, Progress(name, done / max(total, 1) / 2, "unpacking", done, total))

    def work() -> None:
        if not is_archive(archive):
            raise InvalidRequest(f"{archive} is neither a folder nor a zip or tar archive.")
        unpack(archive, folder, report)

    try:
        await anyio.to_thread.run_sync(work)
    except OSError as error:
        raise InvalidRequest(f"{archive} cannot be unpacked in {stage}: {error.strerror or error}.") from error
    return folder


def _stem(archive: Path) -> str:
    name = archive.name
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name.lstrip(".") or "archive"
