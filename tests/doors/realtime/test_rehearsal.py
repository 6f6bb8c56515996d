"""What is said while an answer is thought of, spoken ahead."""

from dataclasses import replace
from typing import Any

import anyio
import pytest

from tests.doors.realtime.replies import Stage, Voice, finished
from tests.doors.realtime.rules import of_type
from vox.doors.realtime.config import SessionConfig
from vox.doors.realtime.rehearsal import rehearse
from vox.errors import ProviderCrashed
from vox.runtime.requests import Caller

pytestmark = pytest.mark.anyio

PHRASES = ["Okay.", "One second."]


def stage_of(voice: Voice | None = None, *, enabled: bool = True) -> Stage:
    return Stage(voice=voice, acknowledgement={"enabled": enabled, "delay_ms": 0, "phrases": PHRASES})


def session(**changes: Any) -> SessionConfig:
    return replace(SessionConfig(), **changes)


async def test_phrases_are_spoken_before_they_are_needed() -> None:
    stage = stage_of()
    await rehearse(stage.services, session(voice="alloy"), Caller("c"))
    assert stage.voice.texts == PHRASES and {job.request.voice for job in stage.voice.jobs} == {"anna"}
    await rehearse(stage.services, session(voice="alloy"), Caller("c"))
    assert stage.voice.texts == PHRASES
    reply = stage.reply(voice="alloy")
    async with stage.running(reply):
        await stage.until(lambda: len(of_type(stage.seen(), "response.output_item.done")) == 1)
        stage.agent.put(finished())
    assert stage.voice.texts == PHRASES
    stage.settings = stage.settings.model_copy()  # read again: the voice may be another one now
    await rehearse(stage.services, session(voice="alloy"), Caller("c"))
    assert stage.voice.texts == PHRASES * 2


@pytest.mark.parametrize("changes", [{"type": "transcription"}, {"output_modality": "text"}])
async def test_nothing_is_rehearsed_that_will_not_be_said(changes: dict[str, Any]) -> None:
    stage = stage_of()
    await rehearse(stage.services, session(**changes), Caller("c"))
    quiet = stage_of(enabled=False)
    await rehearse(quiet.services, session(), Caller("c"))
    alone = stage_of()
    await rehearse(replace(alone.services, agent=lambda: None), session(), Caller("c"))
    assert stage.voice.jobs == quiet.voice.jobs == alone.voice.jobs == []


async def test_a_rehearsal_ends_at_the_first_failure() -> None:
    stage = stage_of(Voice(ready=False))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rehearse, stage.services, session(), Caller("c"))
        await stage.until(lambda: len(stage.voice.jobs) == 1)
        stage.voice.jobs[0].sound.put_nowait(ProviderCrashed("It fell over."))
    assert len(stage.voice.jobs) == 1
