"""Sessions with the runtime's own ears: what was said is recognised, what was not said is not."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import jiwer
import numpy as np
import pytest

from tests.doors.realtime.rules import Event
from tests.doors.realtime.sessions import COMMIT, Stage, append, clip, silence
from tests.e2e.test_speech import JFK, plain
from tests.runtime.conftest import Setup, home, running
from tests.runtime.test_streams import listener
from vox.audio.g711 import to_ulaw
from vox.config import ProviderEntry
from vox.doors.realtime.warming import warm_up
from vox.paths import Home

__all__ = ["home"]  # a fixture

pytestmark = pytest.mark.anyio

EARS = ProviderEntry.model_validate({"id": "moonshine", "command": [sys.executable, "-m", "vox_providers.moonshine"]})
COMPLETED = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"


@asynccontextmanager
async def hearing(home: Home, entry: ProviderEntry = EARS) -> AsyncIterator[tuple[Stage, Setup]]:
    """A transcription session over a runtime."""
    async with running(home, entry) as setup:
        stage = Stage(type="transcription", engines=setup.runtime, warm_up=partial(warm_up, setup.runtime))
        async with stage.running():
            yield stage, setup


def heard(stage: Stage) -> str:
    return plain(" ".join(event["transcript"] for event in stage.told(COMPLETED)))


async def test_speech_is_found_and_recognised(home: Home) -> None:
    async with hearing(home) as (stage, setup):
        await stage.say(silence(1), clip(), silence(1))
        turns = len(stage.told("input_audio_buffer.committed"))
        assert turns >= 3
        await stage.until_told(COMPLETED, turns)
        assert jiwer.wer(JFK, heard(stage)) <= 0.1
        deltas = "".join(event["delta"] for event in stage.told(COMPLETED.replace("completed", "delta")))
        assert plain(deltas) == plain("".join(event["transcript"] for event in stage.told(COMPLETED)))
        provider = setup.registry.get("moonshine")
        assert provider is not None and provider.limiter.snapshot().in_use == 0
    rows = [row for row in setup.rows() if row["route"] == "realtime"]
    assert len(rows) == turns and {row["outcome"] for row in rows} == {"ok"}


async def test_a_telephone_is_understood(home: Home) -> None:
    async with hearing(home) as (stage, _):
        given = {"format": {"type": "audio/pcmu"}, "turn_detection": None}
        await stage.send({"type": "session.update", "session": {"type": "transcription", "audio": {"input": given}}})
        coded = to_ulaw(np.frombuffer(clip(rate=8000), "<i2"))
        await stage.send(append(coded), COMMIT)
        done = await stage.until_told(COMPLETED)
        assert jiwer.wer(JFK, heard(stage)) <= 0.15
        assert done["usage"]["seconds"] == pytest.approx(11, abs=0.01)


async def test_ten_minutes_of_silence_and_noise_are_no_turn_and_take_no_recogniser(home: Home) -> None:
    async with hearing(home) as (stage, setup):
        noise = np.random.default_rng(7).normal(0, 400, 24_000 * 60).astype("<i2").tobytes()
        hum = (600 * np.sin(np.arange(24_000 * 60) * 2 * np.pi * 50 / 24_000)).astype("<i2").tobytes()
        for minute in [silence(60), noise, hum, silence(60)] * 2 + [noise, silence(60)]:
            await stage.send(append(minute))
        await stage.until(lambda: stage.session._hearing.ear.ms == 600_000)
        assert [event["type"] for event in stage.seen()] == ["session.created"]
        assert stage.session._hearing.ear.kept_ms < 1000
    setup.recorder.flush()
    assert not home.performance_jsonl.exists() or not [row for row in setup.rows() if row["route"] == "realtime"]


async def test_a_recogniser_that_is_not_there_fails_the_turn_and_not_the_session(home: Home) -> None:
    gone = ProviderEntry.model_validate({"id": "gone", "kind": "asr", "command": ["/nowhere/at/all"]})
    async with hearing(home, gone) as (stage, _):
        await stage.say(silence(1), clip(end_s=2.2), silence(1))
        failed = await stage.until_told(FAILED)
        assert failed["error"]["code"] == "model_not_found" and "/nowhere/at/all" in failed["error"]["message"]
        assert (await stage.send({"type": "input_audio_buffer.clear"}))[-1]["type"] == "input_audio_buffer.cleared"


async def test_a_recogniser_that_dies_in_a_turn_costs_that_turn(home: Home) -> None:
    async with hearing(home, listener()) as (stage, _):
        failed = await commit(stage, {"die": True})
        assert failed["error"]["code"] == "provider_crashed"
        with anyio.fail_after(20):
            while (told := await commit(stage, {"answer": {"text": "Hello."}}))["type"] != COMPLETED:
                assert told["error"]["code"] == "provider_unavailable"  # for a moment, as it died as soon as it ran
        assert told["transcript"] == "Hello."


async def commit(stage: Stage, *steps: dict[str, Any]) -> Event:
    """What becomes of a turn that is recognised by those steps."""
    given = {"transcription": {"prompt": json.dumps(steps)}, "turn_detection": None}
    update = {"type": "session.update", "session": {"type": "transcription", "audio": {"input": given}}}
    await stage.send(update, append(silence(1)), COMMIT)
    turn = stage.told("input_audio_buffer.committed")[-1]["item_id"]
    await stage.until(lambda: turn in {event["item_id"] for event in stage.told(COMPLETED, FAILED)})
    return stage.told(COMPLETED, FAILED)[-1]
