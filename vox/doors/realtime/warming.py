"""Having the models in memory before the first word is spoken."""

import anyio

from vox.errors import VoxError
from vox.log import get_logger
from vox.runtime.runtime import Runtime

__all__ = ["warm_up"]

_log = get_logger()


async def warm_up(runtime: Runtime, asr: str | None, tts: str | None, client: str) -> None:
    """Load a recogniser and a speech model, None for the default ones, unless the settings say never to. Returns when
    they are loaded or cannot be, which the first call will tell; cancelled, they go on to be loaded.

    Args:
        tts: A model; "" for none at all.
    """
    try:
        heard = await runtime.warm_ahead(asr, client)
    except VoxError as error:
        _log.info("realtime.not_warmed", model=asr, error=error.code)
        heard = ""
    if heard is None:  # the settings say never
        return
    async with anyio.create_task_group() as tasks:
        if heard:
            tasks.start_soon(runtime.warmups.over, heard)
        if tts != "":
            tasks.start_soon(_warm_speech, runtime, tts, client)


async def _warm_speech(runtime: Runtime, model: str | None, client: str) -> None:
    try:
        found = model or await runtime.default_model("tts")
        if found is not None:
            warmup = await runtime.warmups.start(found, client)
            await runtime.warmups.over(warmup.model)
    except VoxError as error:
        _log.info("realtime.not_warmed", model=model, error=error.code)
