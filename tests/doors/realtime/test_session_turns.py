"""Turns of the user that are found by voice: their order, what interrupts, and what follows on silence."""

import asyncio

import pytest

from tests.doors.realtime.replies import finished, text
from tests.doors.realtime.sessions import (
    COMMIT,
    CREATE,
    MANUAL,
    SPEECH,
    TRANSCRIBED,
    TURN,
    Stage,
    append,
    item,
    silence,
    turns,
    types,
)
from vox.llm.chat import Message
from vox.runtime.agent import conversation

pytestmark = pytest.mark.anyio


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


# ---- no room


async def test_a_turn_for_which_there_is_no_room_is_told_and_those_after_it_are_where_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound = [silence(1), SPEECH, silence(1)] * 2
    whole, full = Stage(), Stage()
    async with whole.running():
        await whole.say(*sound, step_s=1)
    monkeypatch.setattr(conversation, "_MOST_ITEMS", 1)
    async with full.running():
        await full.send(item())
        told = await full.say(*sound, step_s=1)
    assert types(told) == [*TURN[:2], "error"] * 2
    refused = told[2]["error"]
    assert (refused["code"], refused["param"]) == ("invalid_value", None) and "most" in refused["message"]
    for kind, ms in zip(TURN[:2], ("audio_start_ms", "audio_end_ms"), strict=True):
        assert [event[ms] for event in full.told(kind)] == [event[ms] for event in whole.told(kind)]


async def test_silence_for_which_there_is_no_room_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(text("Hello."), finished())
    async with stage.running():
        await stage.send(turns(idle_timeout_ms=5000), CREATE)
        await stage.until_told("response.done")
        monkeypatch.setattr(conversation, "_MOST_ITEMS", 1)
        told = await stage.say(silence(8))
        assert types(told) == ["error"]
