"""Sessions from their first event to their last: turns found by voice and by hand, interruptions, mistakes."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest

from tests.doors.realtime.replies import Voice, finished, text
from tests.doors.realtime.rules import Event
from tests.doors.realtime.sessions import Stage, append, clip, silence
from vox.doors.realtime.wire import EventError
from vox.errors import ModelNotFound, ProviderBusy, ProviderFailed
from vox.llm.chat import Message
from vox.runtime.requests import Caller, OnRoute, SynthesizeRequest
from vox.types import AudioChunk, Partial, Speech

pytestmark = pytest.mark.anyio

SPEECH = clip(end_s=2.2)
"""And so my fellow Americans, a turn by itself."""
COMMIT, CLEAR = {"type": "input_audio_buffer.commit"}, {"type": "input_audio_buffer.clear"}
CREATE, CANCEL = {"type": "response.create"}, {"type": "response.cancel"}
MANUAL = {"audio": {"input": {"turn_detection": None}}}
TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]
TRANSCRIBED = [
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def turns(**detection: Any) -> Event:
    return {"type": "session.update", "session": {"audio": {"input": {"turn_detection": detection}}}}


def item(role: str = "user", kind: str = "input_text", said: str = "hello", **fields: Any) -> Event:
    made = {"type": "message", "role": role, "content": [{"type": kind, "text": said}], **fields}
    return {"type": "conversation.item.create", "item": made}


def types(events: list[Event]) -> list[str]:
    return [event["type"] for event in events]


def error(events: list[Event]) -> Event:
    """The one event of these, which is an error."""
    assert types(events) == ["error"]
    assert set(events[0]["error"]) == {"type", "code", "message", "param", "event_id"}
    return events[0]["error"]


# ---- turns by voice


async def test_a_turn_is_found_committed_recognised_and_answered_in_this_order() -> None:
    stage = Stage(text("Hello."), finished(), heard=["And so."])
    async with stage.running():
        told = await stage.say(silence(1), SPEECH, silence(1))
        done = await stage.until_told("response.done")
        assert types(told)[: len(TURN) + 3] == [*TURN, *TRANSCRIBED, "response.created"]
        started, stopped, committed, added, item_done, delta, completed = told[:7]
        spoken = {event.get("item_id") or event["item"]["id"] for event in told[:7]}
        assert len(spoken) == 1
        assert 700 <= started["audio_start_ms"] <= 1000 < 2500 <= stopped["audio_end_ms"] <= 4100
        assert committed["previous_item_id"] is None and added["previous_item_id"] is None
        assert added["item"] == item_done["item"]
        assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
        assert (added["item"]["role"], added["item"]["status"]) == ("user", "completed")
        assert delta["delta"] == completed["transcript"] == "And so."
        seconds = (stopped["audio_end_ms"] - started["audio_start_ms"]) / 1000
        assert completed["usage"] == {"type": "duration", "seconds": pytest.approx(seconds, abs=0.002)}
        assert done["response"]["status"] == "completed"
    assert stage.agent.requests[0].messages[-1] == Message("user", "And so.")


async def test_the_recogniser_gets_the_turn_without_the_end_of_its_silence() -> None:
    stage = Stage(finished(), heard=["And so."])
    async with stage.running():
        await stage.say(silence(1), SPEECH, silence(1))
        (stopped,), (started,) = (stage.told(f"input_audio_buffer.speech_{what}") for what in ("stopped", "started"))
    source = stage.ears.requests[0].source
    assert isinstance(source, bytes) and source[:4] == b"RIFF"
    ms = (len(source) - 44) / 32
    assert ms == pytest.approx(stopped["audio_end_ms"] - started["audio_start_ms"] - 200, abs=20)
    assert (stage.ears.requests[0].model, stage.ears.requests[0].max_wait_s) == (None, 10.0)


async def test_turns_can_be_recognised_without_an_answer() -> None:
    stage = Stage(heard=["And so."])
    async with stage.running():
        await stage.send(turns(create_response=False))
        await stage.say(silence(1), SPEECH, silence(1))
        assert stage.types()[-2:] == TRANSCRIBED
    assert stage.agent.requests == []


async def test_nothing_said_is_not_answered() -> None:
    stage = Stage(heard=[""])
    async with stage.running():
        told = await stage.say(silence(1), SPEECH, silence(1))
        assert types(told) == [*TURN, TRANSCRIBED[1]]
    assert stage.agent.requests == []


async def test_a_client_that_wants_no_transcripts_is_told_none_and_is_answered() -> None:
    stage = Stage(text("Hello."), finished(), heard=["And so."])
    async with stage.running():
        await stage.send({"type": "session.update", "session": {"audio": {"input": {"transcription": None}}}})
        told = await stage.say(silence(1), SPEECH, silence(1))
        await stage.until_told("response.done")
        assert types(told)[: len(TURN) + 1] == [*TURN, "response.created"]
    assert stage.agent.requests[0].messages[-1].text == "And so."


async def test_two_turns_at_once_are_answered_once_both_are_recognised() -> None:
    gate = asyncio.Event()
    stage = Stage(text("Hello."), finished(), heard=[gate, "One.", "Two."])
    async with stage.running():
        await stage.say(silence(1), SPEECH, silence(1), SPEECH, silence(1))
        assert len(stage.told("input_audio_buffer.committed")) == 2 and stage.told("response.created") == []
        gate.set()
        await stage.until_told("response.done")
    (request,) = stage.agent.requests
    assert [message.text for message in request.messages[1:]] == ["One.", "Two."]


async def test_a_turn_that_is_recognised_while_the_user_goes_on_is_answered_with_the_next() -> None:
    gate = asyncio.Event()
    stage = Stage(text("Hello."), finished(), heard=[gate, "One.", ""])
    async with stage.running():
        await stage.say(silence(1), SPEECH, silence(1), SPEECH)
        gate.set()
        await stage.settled()
        assert len(stage.told(TRANSCRIBED[1])) == 1 and stage.told("response.created") == []
        await stage.say(silence(1))
        await stage.until_told("response.done")
        assert len(stage.told("response.created")) == 1
    assert [message.text for message in stage.agent.requests[0].messages[1:]] == ["One."]


async def test_an_answer_that_waits_for_silence_is_given_when_nobody_listens_any_more() -> None:
    gate = asyncio.Event()
    stage = Stage(text("Hello."), finished(), heard=[gate, "One."])
    async with stage.running():
        await stage.say(silence(1), SPEECH, silence(1), SPEECH)
        gate.set()
        await stage.settled()
        assert stage.told("response.created") == []
        await stage.send(stage.update(**MANUAL))
        await stage.until_told("response.done")


async def test_a_transcription_session_tells_transcripts_whatever_it_is_told() -> None:
    stage = Stage(type="transcription", heard=["Hello."])
    async with stage.running():
        given = {"transcription": None, "turn_detection": None}
        await stage.send({"type": "session.update", "session": {"type": "transcription", "audio": {"input": given}}})
        told = await stage.send(append(SPEECH), COMMIT)
        assert types(told)[-1] == TRANSCRIBED[1]


# ---- interruptions


async def test_speech_ends_the_response_at_once() -> None:
    stage = Stage(text("A long answer."), heard=["One."])
    async with stage.running():
        await stage.say(silence(1), SPEECH, silence(1))
        await stage.until_told("response.created")
        told = await stage.say(SPEECH)
        at = types(told).index("input_audio_buffer.speech_started")
        done = types(told).index("response.done")
        assert all(kind.startswith(("response.", "conversation.item.done")) for kind in types(told)[at + 1 : done])
        response = told[done]["response"]
        assert response["status"] == "cancelled"
        assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        assert not any(kind.startswith("response.") for kind in types(told)[done + 1 :])
        assert stage.agent.open == 0 and stage.voice.open == []


async def test_a_response_that_may_not_be_interrupted_goes_on_and_the_newest_turn_waits_for_it() -> None:
    stage = Stage(text("A long answer."), heard=["One.", "Two.", "Three."])
    async with stage.running():
        await stage.send(turns(interrupt_response=False))
        await stage.say(silence(1), SPEECH, silence(1))
        await stage.until(lambda: len(stage.agent.requests) == 1)
        await stage.say(SPEECH, silence(1), SPEECH, silence(1))
        assert len(stage.told(TRANSCRIBED[1])) == 3
        assert len(stage.told("response.created")) == 1 and stage.told("response.done") == []
        stage.agent.put(finished(), text("Yes."), finished())
        await stage.until_told("response.done", 2)
        await stage.settled()
        assert len(stage.told("response.created")) == 2
    assert [message.text for message in stage.agent.requests[1].messages if message.role == "user"] == [
        "One.",
        "Two.",
        "Three.",
    ]


async def test_what_was_not_heard_of_an_interrupted_answer_is_forgotten() -> None:
    stage = Stage(text("One two three four. Five six seven eight."), finished(), heard=["Go."])
    async with stage.running():
        await stage.say(silence(1), SPEECH, silence(1))
        done = await stage.until_told("response.done")
        key = done["response"]["output"][0]["id"]
        (truncated,) = await stage.send(
            {"type": "conversation.item.truncate", "item_id": key, "content_index": 0, "audio_end_ms": 100}
        )
        expected = {"type": "conversation.item.truncated", "item_id": key, "content_index": 0, "audio_end_ms": 100}
        assert truncated == {**expected, "event_id": truncated["event_id"]}
        (retrieved,) = await stage.send({"type": "conversation.item.retrieve", "item_id": key})
        transcript = retrieved["item"]["content"][0]["transcript"]
        assert transcript and "One two three four. Five six seven eight.".startswith(transcript)
        assert "Five" not in transcript
        stage.agent.put(finished())
        await stage.send(CREATE)
        await stage.until_told("response.done", 2)
    assert stage.agent.requests[1].messages[-1] == Message("assistant", transcript)


# ---- turns by hand


async def test_a_commit_makes_a_turn_and_never_a_response() -> None:
    stage = Stage(heard=["Hello."])
    async with stage.running():
        await stage.send(stage.update(**MANUAL))
        assert await stage.say(SPEECH) == []
        told = await stage.send(COMMIT)
        assert types(told) == [*TURN[2:], *TRANSCRIBED]
        again = error(await stage.send(COMMIT | {"event_id": "mine"}))
        assert (again["code"], again["event_id"]) == ("input_audio_buffer_commit_empty", "mine")
        assert "0 ms" in again["message"]
    assert stage.agent.requests == []


async def test_push_to_talk_is_answered_when_it_is_recognised() -> None:
    gate = asyncio.Event()
    stage = Stage(text("Yes."), finished(), heard=[gate, "Hello."])
    async with stage.running():
        await stage.send(stage.update(**MANUAL))
        await stage.say(SPEECH)
        await stage.send(COMMIT, CREATE)
        assert stage.told("response.created") == []
        refused = error(await stage.send(CREATE))
        assert refused["code"] == "conversation_already_has_active_response"
        gate.set()
        await stage.until_told("response.done")
    assert stage.agent.requests[0].messages[-1].text == "Hello."


async def test_a_response_that_waits_can_be_cancelled() -> None:
    stage = Stage(heard=[asyncio.Event()])
    async with stage.running():
        await stage.send(stage.update(**MANUAL))
        await stage.say(SPEECH)
        told = await stage.send(COMMIT, CREATE, CANCEL)
        assert types(told)[-2:] == ["response.created", "response.done"]
        assert told[-1]["response"]["status_details"]["reason"] == "client_cancelled"
    assert stage.agent.requests == []


@pytest.mark.parametrize("ms", [0, 10, 90])
async def test_less_than_a_tenth_of_a_second_is_no_turn(ms: int) -> None:
    stage = Stage()
    async with stage.running():
        await stage.send(stage.update(**MANUAL), append(silence(ms / 1000)))
        refused = error(await stage.send(COMMIT))
        assert refused["code"] == "input_audio_buffer_commit_empty" and f"{ms} ms" in refused["message"]
        assert types(await stage.send(append(silence(0.1)), COMMIT))[:1] == ["input_audio_buffer.committed"]


async def test_what_is_cleared_is_gone() -> None:
    stage = Stage()
    async with stage.running():
        await stage.send(stage.update(**MANUAL), append(silence(1)))
        assert types(await stage.send(CLEAR)) == ["input_audio_buffer.cleared"]
        assert error(await stage.send(COMMIT))["code"] == "input_audio_buffer_commit_empty"


async def test_a_commit_ends_a_turn_that_is_spoken_under_its_id() -> None:
    stage = Stage(heard=["And so."])
    async with stage.running():
        (started,) = await stage.say(silence(1), SPEECH)
        stopped, committed, *_ = await stage.send(COMMIT)
        assert (stopped["type"], committed["type"]) == (TURN[1], TURN[2])
        assert started["item_id"] == stopped["item_id"] == committed["item_id"]
        assert stopped["audio_end_ms"] == 3200
    assert stage.agent.requests == []


async def test_clearing_in_the_middle_of_a_turn_drops_it() -> None:
    stage = Stage()
    async with stage.running():
        assert types(await stage.say(silence(1), SPEECH)) == TURN[:1]
        assert types(await stage.send(CLEAR)) == ["input_audio_buffer.cleared"]
        assert await stage.say(silence(1)) == []


async def test_ten_minutes_without_a_commit_are_the_most() -> None:
    stage = Stage()
    five_minutes = append(silence(300))
    async with stage.running():
        await stage.send(stage.update(**MANUAL))
        assert await stage.send(five_minutes, five_minutes) == []
        assert error(await stage.send(append(silence(0.01))))["code"] == "input_audio_buffer_full"
        await stage.send(CLEAR)
        assert await stage.send(five_minutes) == []


async def test_a_minute_in_one_event_is_a_minute_of_turns() -> None:
    stage = Stage()
    async with stage.running():
        await stage.send(turns(create_response=False))
        sound = silence(1) + SPEECH + silence(1)
        await stage.send(append(sound * 14))
        starts = [event["audio_start_ms"] for event in stage.told(TURN[0])]
        assert len(starts) == len(stage.told(TURN[1])) == 14
        period = len(sound) / 48
        assert starts == pytest.approx([starts[0] + number * period for number in range(14)], abs=300)


# ---- transcripts


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


# ---- silence


async def test_a_user_who_says_nothing_after_an_answer_is_spoken_to() -> None:
    stage = Stage(text("Hello."), finished(), text("Are you there?"), finished(), heard=["Hi."])
    async with stage.running():
        await stage.send(turns(idle_timeout_ms=5000))
        assert await stage.say(silence(8)) == []
        await stage.say(SPEECH, silence(1))
        await stage.until_told("response.done")
        told = await stage.say(silence(6))
        await stage.until_told("response.done", 2)
        assert types(told)[:4] == ["input_audio_buffer.timeout_triggered", *TURN[2:]]
        timeout, committed, added, _ = told[:4]
        assert timeout["item_id"] == committed["item_id"] == added["item"]["id"]
        assert timeout["audio_end_ms"] - timeout["audio_start_ms"] == pytest.approx(5000, abs=200)
        assert committed["previous_item_id"] == stage.told("response.done")[0]["response"]["output"][-1]["id"]
    assert "said nothing for 5 seconds" in stage.agent.requests[1].messages[-1].text


async def test_without_a_timeout_nobody_is_spoken_to() -> None:
    stage = Stage(text("Hello."), finished(), heard=["Hi."])
    async with stage.running():
        await stage.say(SPEECH, silence(1))
        await stage.until_told("response.done")
        assert await stage.say(silence(60)) == []


# ---- items


async def test_items_are_put_in_read_and_taken_out() -> None:
    stage = Stage()
    async with stage.running():
        added, done = await stage.send(item(id="one"))
        assert added["item"] == {
            "id": "one",
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": "hello"}],
        }
        assert (added["previous_item_id"], done["previous_item_id"]) == (None, None)
        added, _ = await stage.send({**item(), "previous_item_id": "root"})
        assert added["previous_item_id"] is None and added["item"]["id"].startswith("item_")
        added, _ = await stage.send({**item(id="two"), "previous_item_id": "one"})
        assert added["previous_item_id"] == "one"
        (deleted,) = await stage.send({"type": "conversation.item.delete", "item_id": "two"})
        assert deleted["item_id"] == "two"
        refused = error(await stage.send({**item(id="three"), "previous_item_id": "two", "event_id": "e1"}))
        assert (refused["code"], refused["event_id"]) == ("item_not_found", "e1")
        assert error(await stage.send(item(id="one")))["param"] == "item.id"
        assert [one.id for one in stage.session.conversation][1:] == ["one"]
    assert stage.agent.requests == []


async def test_the_sound_of_a_turn_can_be_had_back() -> None:
    stage = Stage()
    async with stage.running():
        await stage.send(stage.update(**MANUAL), append(SPEECH))
        committed, *_ = await stage.send(COMMIT)
        (told,) = await stage.send({"type": "conversation.item.retrieve", "item_id": committed["item_id"]})
        assert told["type"] == "conversation.item.retrieved"
        assert told["item"]["content"] == [
            {"type": "input_audio", "transcript": "", "audio": b64encode(SPEECH).decode("ascii")}
        ]


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


# ---- responses


async def test_a_text_is_answered_when_the_client_asks_for_it() -> None:
    stage = Stage(text("Hello."), finished())
    async with stage.running():
        assert types(await stage.send(item(said="Good day."))) == TURN[3:]
        await stage.send(CREATE)
        await stage.until_told("response.done")
    assert stage.agent.requests[0].messages[-1] == Message("user", "Good day.")


async def test_a_second_response_is_refused_and_the_first_goes_on() -> None:
    stage = Stage(text("Hello."))
    async with stage.running():
        await stage.send(CREATE)
        refused = error(await stage.send(CREATE | {"event_id": "mine"}))
        assert (refused["code"], refused["event_id"]) == ("conversation_already_has_active_response", "mine")
        assert "Wait until the response is finished" in refused["message"]
        stage.agent.put(finished())
        assert (await stage.until_told("response.done"))["response"]["status"] == "completed"


async def test_the_client_ends_a_response_and_the_next_begins() -> None:
    stage = Stage(text("Hello."))
    async with stage.running():
        created = (await stage.send(CREATE))[0]
        refused = error(await stage.send(CANCEL | {"response_id": "resp_other"}))
        assert "no active response found" in refused["message"]
        told = await stage.send(CANCEL | {"response_id": created["response"]["id"]})
        assert told[-1]["response"]["status_details"]["reason"] == "client_cancelled"
        assert error(await stage.send(CANCEL))["code"] == "response_cancel_not_active"
        stage.agent.put(finished())
        await stage.send(CREATE)
        assert (await stage.until_told("response.done", 2))["response"]["status"] == "completed"


class SlowToStop(Voice):
    """Takes its time to end what is cancelled, as an engine in another process may."""

    def __init__(self) -> None:
        super().__init__(ready=False)
        self.stops = asyncio.Event()

    async def synthesize_stream(
        self, request: SynthesizeRequest, caller: Caller, on_route: OnRoute | None = None
    ) -> AsyncGenerator[AudioChunk | Speech]:
        try:
            async for part in super().synthesize_stream(request, caller, on_route):
                yield part
        finally:
            with anyio.move_on_after(5, shield=True):
                await self.stops.wait()


async def test_the_next_response_may_be_asked_for_as_soon_as_one_has_ended() -> None:
    voice = SlowToStop()
    stage = Stage(text("Hello, how are you today? "), voice=voice)
    async with stage.running():
        await stage.send(item(), CREATE)
        await stage.until(lambda: voice.jobs != [])
        stage.agent.put(ProviderFailed("It broke."))
        failed = await stage.until_told("response.done")
        assert failed["response"]["status"] == "failed"
        assert types(await stage.send(CREATE)) == ["response.created"]
        stage.agent.put(finished())
        voice.stops.set()
        assert (await stage.until_told("response.done", 2))["response"]["status"] == "completed"
        await stage.send(CREATE, CANCEL)
        await stage.until_told("response.done", 3)


async def test_a_response_beside_the_conversation_leaves_no_trace_in_it() -> None:
    stage = Stage(text("Hello."))
    given = [{"type": "item_reference", "id": "one"}, item(said="Sum it up.")["item"]]
    aside = {"type": "response.create", "response": {"conversation": "none", "input": given, "instructions": "Sum."}}
    async with stage.running():
        await stage.send(item(id="one", said="First."), item(said="Second."), CREATE)
        created = (await stage.send(aside))[0]
        assert created["type"] == "response.created" and created["response"]["conversation_id"] is None
        await stage.send(CANCEL | {"response_id": created["response"]["id"]})
        assert stage.told("response.done")[0]["response"]["id"] == created["response"]["id"]
        stage.agent.put(finished())
        await stage.until_told("response.done", 2)
        assert len(stage.session.conversation) == 3
    assert [message.text for message in stage.agent.requests[1].messages] == ["Sum.", "First.", "Sum it up."]


async def test_only_so_many_responses_run_beside_the_conversation() -> None:
    stage = Stage()
    aside = {"type": "response.create", "response": {"conversation": "none"}}
    async with stage.running():
        await stage.send(*[aside] * 8)
        assert error(await stage.send(aside))["code"] == "rate_limit_exceeded"
        assert len(stage.told("response.created")) == 8


async def test_an_update_holds_for_the_next_response() -> None:
    stage = Stage(text("Hello."))
    async with stage.running():
        await stage.send(CREATE)
        (updated,) = await stage.send(stage.update(instructions="Sing.", output_modalities=["text"]))
        assert updated["session"] == stage.session.config.shape()
        stage.agent.put(finished(), text("La."), finished())
        first = await stage.until_told("response.done")
        assert first["response"]["output_modalities"] == ["audio"]
        await stage.send(CREATE)
        second = await stage.until_told("response.done", 2)
        assert second["response"]["output_modalities"] == ["text"]
    assert stage.agent.requests[1].messages[0] == Message("system", "Sing.")


async def test_without_a_language_model_a_given_text_is_spoken() -> None:
    stage = Stage(agent=None, heard=["Hi."])
    async with stage.running():
        await stage.send({"type": "response.create", "response": {"instructions": "Good morning."}})
        await stage.until_told("response.done")
        assert stage.voice.texts == ["Good morning."]
        await stage.say(SPEECH, silence(1))
        failed = (await stage.until_told("response.done", 2))["response"]
        assert failed["status_details"]["error"]["code"] == "llm_not_configured"


# ---- how it begins and ends


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
        assert len(stage.session.conversation) == 1 and stage.session._ear.kept_ms
    assert len(stage.session.conversation) == stage.session._ear.kept_ms == 0


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
