"""What a client is told of what was said."""

import asyncio

import pytest

from tests.doors.realtime.replies import finished, text
from tests.doors.realtime.sessions import (
    COMMIT,
    MANUAL,
    SPEECH,
    TRANSCRIBED,
    TURN,
    Stage,
    append,
    silence,
    types,
)
from vox.errors import ModelNotFound, ProviderBusy, ProviderFailed
from vox.types import Partial

pytestmark = pytest.mark.anyio


async def test_what_is_certain_is_told_while_the_rest_is_recognised_and_never_taken_back() -> None:
    heard = [Partial(" ask not wat", 8), Partial("ask not what your cuntry", 13), "ask not what your country"]
    stage = Stage(heard=heard)
    async with stage.running():
        await stage.send(stage.update(**MANUAL), append(silence(1)))
        told = await stage.send(COMMIT)
    deltas = [event["delta"] for event in told if event["type"] == TRANSCRIBED[0]]
    assert deltas == ["ask not", " what ", "your country"]
    assert "".join(deltas) == told[-1]["transcript"]


async def test_a_text_that_begins_otherwise_after_all_is_told_by_its_completion_alone() -> None:
    stage = Stage(heard=[Partial("ask", 3), "Ask not"])
    async with stage.running():
        await stage.send(stage.update(**MANUAL), append(silence(1)))
        told = await stage.send(COMMIT)
    assert [event["delta"] for event in told if event["type"] == TRANSCRIBED[0]] == ["ask"]
    assert told[-1]["transcript"] == "Ask not"


@pytest.mark.parametrize(
    ("failure", "kind", "code"),
    [
        (ProviderFailed("It broke."), "server_error", "provider_error"),
        (ProviderBusy("Too many.", retryAfterMs=5), "server_error", "rate_limit_exceeded"),
        (RuntimeError("a fault of ours"), "server_error", "internal"),
    ],
)
async def test_a_failed_recognition_is_told_and_the_session_goes_on(failure: Exception, kind: str, code: str) -> None:
    stage = Stage(text("Yes."), finished(), heard=[failure, "Again."])
    async with stage.running():
        told = await stage.say(silence(1), SPEECH, silence(1))
        assert types(told) == [*TURN, "conversation.item.input_audio_transcription.failed"]
        failed = told[-1]
        assert (failed["item_id"], failed["content_index"]) == (told[0]["item_id"], 0)
        assert (failed["error"]["type"], failed["error"]["code"]) == (kind, code)
        assert set(failed["error"]) == {"type", "code", "message", "param"}
        await stage.say(SPEECH, silence(1))
        await stage.until_told("response.done")
    assert [message.text for message in stage.agent.requests[0].messages[1:]] == ["Again."]


async def test_a_recogniser_nobody_has_is_replaced_by_the_default() -> None:
    stage = Stage(heard=[ModelNotFound("No such model."), "Hello."])
    async with stage.running():
        given = {"transcription": {"model": "gpt-5-transcribe", "language": "en", "prompt": "Vox"}}
        await stage.send(stage.update(audio={"input": {**given, "turn_detection": None}}), append(silence(1)))
        told = await stage.send(COMMIT)
        assert told[-1]["transcript"] == "Hello."
    first, second = stage.ears.requests
    assert (first.model, first.language, first.prompt) == ("gpt-5-transcribe", "en", "Vox")
    assert (second.model, second.language) == (None, "en")


async def test_of_an_item_that_was_deleted_nothing_more_is_told() -> None:
    gate = asyncio.Event()
    stage = Stage(heard=[gate, "Hello."])
    async with stage.running():
        await stage.send(stage.update(**MANUAL), append(silence(1)))
        committed, *_ = await stage.send(COMMIT)
        told = await stage.send({"type": "conversation.item.delete", "item_id": committed["item_id"]})
        assert types(told) == ["conversation.item.deleted"]
        gate.set()
        await stage.settled()
        assert stage.seen()[-1]["type"] == "conversation.item.deleted"


async def test_turns_beyond_all_patience_fail_at_once() -> None:
    stage = Stage(heard=[asyncio.Event()])
    async with stage.running():
        await stage.send(stage.update(**MANUAL))
        for _ in range(66):
            await stage.send(append(silence(0.1)), COMMIT)
        failed = stage.told("conversation.item.input_audio_transcription.failed")
        assert [event["error"]["code"] for event in failed] == ["rate_limit_exceeded"]
