"""The voice that a client has chosen."""

import pytest

from tests.doors.realtime.replies import Stage, Voice
from vox.doors.realtime.speaker import Speaker
from vox.runtime.requests import Caller
from vox.types import AudioChunk

pytestmark = pytest.mark.anyio

CALLER = Caller("tester")


def speaker_of(stage: Stage, voice: str = "default", speed: float = 1) -> Speaker:
    return Speaker(stage.services.engines, stage.services.names, voice, speed, CALLER)


async def test_its_name_is_looked_up_once_and_every_piece_is_spoken_by_it() -> None:
    stage = Stage()
    speaker = speaker_of(stage, "alloy", 1.5)
    for said in ("One.", "Two."):
        assert [part async for part in speaker.speak(said) if isinstance(part, AudioChunk)]
    assert [(job.request.model, job.request.voice, job.request.speed) for job in stage.voice.jobs] == [
        ("speaker", "anna", 1.5)
    ] * 2
    assert speaker.key == ("alloy", 1.5)


async def test_what_nobody_chose_is_left_to_the_daemon() -> None:
    stage = Stage()
    async for _ in speaker_of(stage).speak("One."):
        pass
    (job,) = stage.voice.jobs
    assert (job.request.model, job.request.voice, job.request.speed) == (None, None, None)


async def test_closing_it_ends_the_synthesis() -> None:
    stage = Stage(voice=Voice(ready=False))
    speech = speaker_of(stage).speak("One.")
    stage.voice.ready = True
    await anext(speech)
    assert stage.voice.open
    await speech.aclose()
    assert stage.voice.open == []
