"""Turns of the user that the client ends."""

import asyncio

import pytest

from tests.doors.realtime.replies import finished, text
from tests.doors.realtime.sessions import (
    CANCEL,
    CLEAR,
    COMMIT,
    CREATE,
    MANUAL,
    SPEECH,
    TRANSCRIBED,
    TURN,
    Stage,
    append,
    error,
    silence,
    turns,
    types,
)

pytestmark = pytest.mark.anyio


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
