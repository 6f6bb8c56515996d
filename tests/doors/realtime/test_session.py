"""Sessions from their beginning to their end, and what no mistake of a client changes."""

import asyncio

import anyio
import pytest

from tests.doors.realtime.replies import Voice, finished, text
from tests.doors.realtime.rules import Event
from tests.doors.realtime.sessions import (
    CANCEL,
    COMMIT,
    CREATE,
    MANUAL,
    SPEECH,
    TRANSCRIBED,
    TURN,
    Stage,
    append,
    error,
    item,
    silence,
    turns,
    types,
)
from vox.doors.realtime.wire import EventError
from vox.llm.chat import Message

pytestmark = pytest.mark.anyio


async def test_a_session_is_there_when_its_models_are_loaded() -> None:
    stage = Stage()
    stage.replace_config(instructions="Be kind.")
    async with stage.running():
        (created,) = stage.seen()
        assert created["type"] == "session.created"
        assert created["session"] == stage.session.config.shape()
    assert stage.warmed == [(None, None, "tester")]


async def test_a_transcription_session_loads_no_voice_and_gives_no_responses() -> None:
    stage = Stage(type="transcription", heard=["Hello."])
    async with stage.running():
        told = await stage.say(silence(1), SPEECH, silence(1))
        assert types(told) == [*TURN, *TRANSCRIBED]
        for event in (CREATE, item(), CANCEL):
            assert error(await stage.send(event))["code"] == "invalid_event"
        updated = await stage.send({"type": "session.update", "session": {"type": "transcription", **MANUAL}})
        assert updated[0]["session"]["object"] == "realtime.transcription_session"
    assert stage.warmed == [(None, "", "tester")]


async def test_a_session_becomes_one_for_transcription_before_it_has_begun_alone() -> None:
    update = {"type": "session.update", "session": {"type": "transcription"}}
    stage = Stage()
    async with stage.running():
        await stage.send(item())
        assert error(await stage.send(update))["param"] == "session.type"
    stage = Stage()
    async with stage.running():
        (updated,) = await stage.send(update)
        assert updated["session"]["type"] == "transcription"


async def test_a_session_greets_when_the_client_has_configured_it() -> None:
    stage = Stage(greeting="Good day.")
    async with stage.running():
        await stage.send(stage.update(audio={"output": {"voice": "alloy"}}))
        done = await stage.until_told("response.done")
        assert done["response"]["output"][0]["content"][0]["transcript"] == "Good day."
        assert stage.voice.jobs[0].request.voice == "anna"
    assert stage.agent.requests == []


async def test_a_session_greets_by_itself_after_a_moment() -> None:
    stage = Stage(text("Welcome."), finished())
    async with stage.running():
        await stage.send(stage.update(vox={"greeting": {"prompt": "Welcome the user."}}))
        done = await stage.until_told("response.done")
        assert done["response"]["output"][0]["content"][0]["transcript"] == "Welcome."
    assert stage.agent.requests[0].messages[-1] == Message("user", "Welcome the user.")
    stage = Stage(greeting="Good day.")
    async with stage.running():
        await stage.until_told("response.done")


async def test_a_client_that_leaves_takes_everything_with_it() -> None:
    stage = Stage(text("A long answer."), heard=["One.", asyncio.Event()], voice=Voice(ready=False))
    async with stage.running():
        await stage.say(silence(1), SPEECH, silence(1))
        await stage.until(lambda: stage.voice.open != [])
        await stage.send(turns(interrupt_response=False))
        await stage.say(SPEECH, silence(1))
        await stage.until(lambda: stage.ears.open == 1)
    assert stage.told("response.done")[-1]["response"]["status"] == "cancelled"


async def test_a_session_that_is_over_keeps_nothing() -> None:
    stage = Stage()
    async with stage.running():
        await stage.send(stage.update(**MANUAL), append(SPEECH), COMMIT, append(SPEECH))
        assert len(stage.session.conversation) == 1 and stage.session._hearing.ear.kept_ms
    assert len(stage.session.conversation) == stage.session._hearing.ear.kept_ms == 0


async def test_an_idle_session_holds_nothing() -> None:
    stage = Stage(text("Hello."), finished(), heard=["Hi."])
    async with stage.running():
        await stage.say(SPEECH, silence(1))
        await stage.until_told("response.done")
        await stage.settled()
        assert (stage.ears.open, stage.agent.open, stage.voice.open) == (0, 0, [])


async def test_an_error_event_from_the_edge_is_told_as_it_is() -> None:
    stage = Stage()
    async with stage.running():
        told = await stage.send(EventError("rate_limit_exceeded", "Slow down.", event_id="mine"))
        assert error(told)["event_id"] == "mine"


async def test_a_session_that_is_cancelled_from_outside_closes_its_outbox() -> None:
    stage = Stage(text("A long answer."))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.run)
        await stage.until(lambda: stage.seen() != [])
        await stage.send(CREATE)
        tasks.cancel_scope.cancel()
    stage.leave()
    assert stage.outbox.closed and stage.agent.open == 0


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "conversation.item.retrieve", "item_id": "x"}, "item_retrieve_invalid_item_id"),
        ({"type": "conversation.item.delete", "item_id": "x"}, "item_delete_invalid_item_id"),
        (
            {"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 1},
            "item_truncate_invalid_item_id",
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "known", "content_index": 0, "audio_end_ms": 1},
            "invalid_value",
        ),
        ({"type": "conversation.item.truncate", "item_id": "known", "content_index": 0}, "missing_required_parameter"),
        ({"type": "conversation.item.delete"}, "missing_required_parameter"),
        ({"type": "conversation.item.create"}, "missing_required_parameter"),
        ({"type": "session.update"}, "missing_required_parameter"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter"),
        ({"type": "input_audio_buffer.append", "audio": 1}, "invalid_value"),
        ({"type": "input_audio_buffer.append", "audio": "???"}, "invalid_audio"),
        ({"type": "input_audio_buffer.append", "audio": "AAA"}, "invalid_audio"),
        ({"type": "input_audio_buffer.append", "audio": "äää="}, "invalid_audio"),
        ({"type": "response.create", "response": "now"}, "invalid_value"),
        ({"type": "response.create", "response": {"input": [{"type": "item_reference", "id": "x"}]}}, "item_not_found"),
        ({"type": "response.create", "response": {"input": "hello"}}, "invalid_value"),
        (CANCEL, "response_cancel_not_active"),
        (CANCEL | {"response_id": "resp_x"}, "response_cancel_not_active"),
        ({"type": "output_audio_buffer.clear"}, "invalid_event"),
        ({"type": "response.explode"}, "unknown_event"),
        ({"type": ""}, "unknown_event"),
    ],
)
async def test_each_mistake_is_told_once_by_its_own_id_and_changes_nothing(event: Event, code: str) -> None:
    stage = Stage()
    async with stage.running():
        await stage.send(item(id="known"))
        before = stage.session.config
        refused = error(await stage.send({**event, "event_id": "mine"}))
        assert (refused["code"], refused["event_id"], refused["type"]) == (code, "mine", "invalid_request_error")
        assert refused["message"]
        assert stage.session.config == before and len(stage.session.conversation) == 1
        assert types(await stage.send(item())) == TURN[3:]


async def test_frames_that_are_no_events_are_told_too() -> None:
    stage = Stage()
    async with stage.running():
        assert error(await stage.send("{"))["code"] == "invalid_json"
        assert error(await stage.send("[]"))["code"] == "invalid_event"
        told = error(await stage.send('{"event_id": "mine"}'))
        assert (told["code"], told["event_id"]) == ("missing_required_parameter", "mine")
        assert error(await stage.send('{"type": 1, "event_id": 1}'))["event_id"] is None


async def test_a_fault_of_ours_ends_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    async with stage.running():
        monkeypatch.setattr(stage.session.conversation, "insert", lambda *_: 1 / 0)
        told = error(await stage.send({**item(), "event_id": "mine"}))
        assert (told["type"], told["event_id"]) == ("server_error", "mine")
        monkeypatch.undo()
        assert types(await stage.send(item())) == TURN[3:]
