"""Where the time goes."""

from typing import Any

import pytest

from tests.doors.realtime.replies import Clock, Stage, call, finished, text
from tests.doors.realtime.rules import of_type
from vox.doors.realtime.stages import Stages, TurnTimes

pytestmark = pytest.mark.anyio


def test_each_stage_has_its_time() -> None:
    clock = Clock()
    stages = Stages(clock, TurnTimes(speech_end=99.0, stopped=99.5, transcribed=99.6))
    clock.now = 99.65
    stages.token()
    clock.now = 99.85
    stages.output()
    clock.now = 200
    stages.token()
    stages.output()
    assert stages.shape(spoken=True) == {
        "turn_detection_ms": 500.0,
        "transcription_ms": 100.0,
        "first_token_ms": 50.0,
        "first_audio_ms": 200.0,
        "total_ms": 850.0,
    }


def test_what_a_client_asks_for_counts_from_there() -> None:
    clock = Clock()
    stages = Stages(clock, None)
    assert stages.shape(spoken=True) == {"total_ms": 0}
    clock.now += 0.03
    stages.token()
    stages.output()
    assert stages.shape(spoken=False) == {"first_token_ms": 30.0, "total_ms": 30.0}


@pytest.mark.parametrize("modality", ["text", "audio"])
async def test_they_are_told_once_with_the_first_output_to_who_asked(modality: Any) -> None:
    stage = Stage(text("Hello there. "), text("Again."), finished())
    reply = stage.reply(output_modality=modality, latency_events=True)
    await reply.run()
    events = stage.take()
    (told,) = of_type(events, "vox.latency")
    before = events[events.index(told) - 1]["type"]
    assert before == ("response.output_text.delta" if modality == "text" else "response.output_audio.delta")
    assert told["response_id"] == reply.id and ("first_audio_ms" in told) == (modality == "audio")
    assert reply.stages.first_output is not None


async def test_they_are_told_of_calls_too_and_else_not() -> None:
    events = await Stage(call("{}"), finished("tool_calls")).run(latency_events=True)
    assert [sorted(event) for event in of_type(events, "vox.latency")] == [
        ["event_id", "first_token_ms", "response_id", "total_ms", "type"]
    ]
    assert of_type(await Stage(text("Hello."), finished()).run(), "vox.latency") == []
