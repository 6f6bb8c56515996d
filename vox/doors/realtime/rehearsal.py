"""Having what is said while an answer is thought of spoken before it is needed."""

from dataclasses import replace

from vox.doors.realtime.config import SessionConfig
from vox.doors.realtime.services import Services
from vox.doors.realtime.speaker import Speaker
from vox.runtime.requests import Caller

__all__ = ["rehearse"]

_METHOD = "realtime.rehearsal"


async def rehearse(services: Services, config: SessionConfig, caller: Caller) -> None:
    """Have the phrases of a session that is going to need some spoken before it does, behind all else."""
    settings = services.settings()
    acknowledges = config.type == "realtime" and config.output_modality == "audio" and settings.acknowledgement.enabled
    if acknowledges and services.agent() is not None:
        aside = replace(caller, method=_METHOD, priority="batch")
        speaker = Speaker(services.engines, services.names, config.voice, config.speed, aside)
        await services.asides.record(settings, settings.acknowledgement.phrases, speaker, config.output_format)
