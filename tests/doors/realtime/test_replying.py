"""Responses: text, sound, cancelling, failures; what is told and in which order."""

from typing import Any

import anyio
import pytest

from tests.doors.realtime.replies import Stage, Voice, call, finished, settled, text
from tests.doors.realtime.rules import Event, of_type, spoken_bytes
from vox.audio.g711 import from_alaw, from_ulaw
from vox.errors import LlmUnavailable, ProviderBusy, ProviderCrashed
from vox.llm.chat import Message, Tool, Usage
from vox.runtime.agent.conversation import Item, Part

pytestmark = pytest.mark.anyio


def types(events: list[Event]) -> list[str]:
    """What came, several of a kind in a row once."""
    names = [event["type"] for event in events]
    return [name for name, before in zip(names, [None, *names], strict=False) if name != before]


def response_of(events: list[Event]) -> dict[str, Any]:
    return events[-1]["response"]


async def test_a_written_answer() -> None:
    stage = Stage(text("Hel"), text("lo."), finished(usage=Usage(7, 3, 2)))
    events = await stage.run(output_modality="text", metadata={"for": "a test"}, max_output_tokens=9)
    assert types(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert [event["delta"] for event in of_type(events, "response.output_text.delta")] == ["Hel", "lo."]
    item = response_of(events)["output"][0]["id"]
    assert response_of(events) == {
        "object": "realtime.response",
        "id": events[0]["response"]["id"],
        "status": "completed",
        "status_details": None,
        "output": [
            {
                "id": item,
                "object": "realtime.item",
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Hello."}],
            }
        ],
        "conversation_id": "conv_1",
        "output_modalities": ["text"],
        "max_output_tokens": 9,
        "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "default"}},
        "metadata": {"for": "a test"},
        "usage": {
            "total_tokens": 10,
            "input_tokens": 7,
            "output_tokens": 3,
            "input_token_details": {"text_tokens": 7, "audio_tokens": 0, "cached_tokens": 2},
            "output_token_details": {"text_tokens": 3, "audio_tokens": 0},
        },
    }
    assert stage.conversation.get(item).text == "Hello."
    assert stage.voice.jobs == []


async def test_a_spoken_answer() -> None:
    stage = Stage(text("Hello there, my friend. "), text("How do you do?"), finished())
    events = await stage.run()
    assert types(events)[:4] == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
    ]
    assert types(events)[-6:] == [
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    (message,) = response_of(events)["output"]
    assert message["content"] == [{"type": "output_audio", "transcript": "Hello there, my friend. How do you do?"}]
    assert "usage" not in response_of(events)
    sound, item = spoken_bytes(events, message["id"]), stage.conversation.get(message["id"])
    assert len(sound) == sum(len(stage.voice.tone(10 * len(said))) for said in stage.voice.texts)
    assert bytes(item.parts[0].audio) == sound and item.parts[0].audio_ms == len(sound) // 48
    assert stage.agent.requests[0].messages == (Message("user", "Hello?"),)


async def test_the_text_of_a_piece_comes_with_its_first_sound_and_its_moment_is_kept() -> None:
    stage = Stage(text("One is said first here. "), text("Two is said after that."), finished())
    events = await stage.run()
    part = next(iter(stage.conversation)).parts[0]
    assert "".join(mark.text for mark in part.marks) == part.text
    heard, marks = 0, list(part.marks)
    for event in of_type(events, "response.output_audio.delta", "response.output_audio_transcript.delta"):
        if event["type"] == "response.output_audio.delta":
            heard += len(event["delta"]) * 3 // 4 // 48
        else:
            mark = marks.pop(0)
            assert mark.text == event["delta"] and abs(mark.start_ms - heard) <= 2
    assert marks == []


async def test_deltas_of_sound_are_neither_tiny_nor_huge() -> None:
    stage = Stage(text("A sentence that is long enough to be cut into several pieces of sound."), finished())
    events = await stage.run()
    lengths = [len(event["delta"]) * 3 // 4 // 48 for event in of_type(events, "response.output_audio.delta")]
    assert len(lengths) > 2 and all(40 <= length <= 201 for length in lengths[:-1]) and lengths[-1] <= 201


@pytest.mark.parametrize(("format", "decode"), [("audio/pcmu", from_ulaw), ("audio/pcma", from_alaw)], ids=["mu", "A"])
async def test_telephones_get_their_own_codes(format: Any, decode: Any) -> None:
    stage = Stage(text("Hello there."), finished(), voice=Voice(rate=8000))
    events = await stage.run(output_format=format)
    (message,) = response_of(events)["output"]
    sound = decode(spoken_bytes(events, message["id"]))
    assert len(sound) == 120 * 8 and abs(int(sound[400]) - 0x2001) < 300
    part = stage.conversation.get(message["id"]).parts[0]
    assert part.audio_ms == 120 and not part.audio
    assert response_of(events)["audio"]["output"]["format"] == {"type": format}


async def test_the_voice_is_asked_as_the_session_is_set() -> None:
    stage = Stage(text("Hello."), finished())
    await stage.run(voice="alloy", speed=1.25)
    (job,) = stage.voice.jobs
    assert (job.request.model, job.request.voice, job.request.speed) == ("speaker", "anna", 1.25)
    stage = Stage(text("Hello."), finished())
    await stage.run()
    (job,) = stage.voice.jobs
    assert (job.request.model, job.request.voice, job.request.speed) == (None, None, None)


async def test_the_answer_is_heard_while_it_is_written() -> None:
    """The first sound comes before the model has ended, and the model is read on while nobody takes the sound."""
    stage = Stage(text("The first sentence is here. "))
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: bool(of_type(stage.seen(), "response.output_audio.delta")))
        stage.agent.put(finished())
    stage.take()


async def test_a_slow_client_holds_up_the_voice_but_not_the_model() -> None:
    sentence = "This is one of very many sentences, each of which takes its time to be spoken aloud. "
    stage = Stage(*(text(sentence) for _ in range(200)), finished())
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: stage.agent.open == 0)
        await stage.until(lambda: not stage.voice.open)
        await settled()
        assert stage.agent.taken == 201
        made = len(stage.voice.jobs)
        assert made < 60  # of some 100 pieces: 16 s of sound wait for the client, and two pieces ahead of it
        while reply.active:
            stage.seen()
            await settled()
    assert len(stage.voice.jobs) > made
    stage.take()


async def test_calls_of_tools() -> None:
    stage = Stage(call(""), call('{"city": '), call('"Paris"}'), call('{"n": 1}', 1, "count"), finished("tool_calls"))
    tool = {"type": "function", "name": "look", "description": "Looks.", "parameters": {"type": "object"}}
    events = await stage.run(tools=(tool,), tool_choice={"type": "function", "name": "look"}, parallel_tool_calls=True)
    look, count = response_of(events)["output"]
    assert (look["name"], look["arguments"], look["status"]) == ("look", '{"city": "Paris"}', "completed")
    assert (count["name"], count["arguments"], count["status"]) == ("count", '{"n": 1}', "completed")
    assert look["call_id"] != count["call_id"]
    assert response_of(events)["status"] == "completed"
    mine = [event["type"] for event in events if event.get("output_index") == 0]
    assert mine == [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ]
    (request,) = stage.agent.requests
    assert request.tools == (Tool("look", "Looks.", {"type": "object"}),)
    assert (request.tool_choice, request.parallel_tool_calls) == ("function:look", True)


@pytest.mark.parametrize("modality", ["text", "audio"])
async def test_text_before_a_call_is_an_item_before_it(modality: Any) -> None:
    stage = Stage(text("\n"), text("Let me look."), call("{}"), finished("tool_calls"))
    events = await stage.run(output_modality=modality)
    message, look = response_of(events)["output"]
    assert message["type"] == "message" and look["type"] == "function_call"
    assert message["content"][0].get("text", message["content"][0].get("transcript")) == "Let me look."
    assert [item.id for item in stage.conversation] == [message["id"], look["id"]]


@pytest.mark.parametrize("modality", ["text", "audio"])
async def test_blanks_before_a_call_are_no_message(modality: Any) -> None:
    stage = Stage(text("\n\n"), call("{}"), finished("tool_calls"))
    (look,) = response_of(await stage.run(output_modality=modality))["output"]
    assert look["type"] == "function_call"


async def test_a_call_does_not_wait_for_the_text_before_it_to_be_spoken() -> None:
    stage = Stage(text("Let me look."), call("{}"), finished("tool_calls"), voice=Voice(ready=False))
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: len(of_type(stage.seen(), "response.output_item.done")) == 1)
        assert of_type(stage.seen(), "response.output_item.done")[0]["output_index"] == 1
        await stage.until(lambda: bool(stage.voice.jobs))
        stage.voice.jobs[0].sound.put_nowait(stage.voice.tone(300))
        stage.voice.jobs[0].sound.put_nowait(None)
    assert response_of(stage.take())["status"] == "completed"


async def test_half_a_sentence_before_a_call_is_spoken_at_once() -> None:
    stage = Stage(text("Let me"), call("{"))
    reply = stage.reply()
    async with stage.running(reply):
        assert stage.voice.texts == ["Let me"]
        stage.agent.put(call("}"), finished("tool_calls"))
    stage.take()


async def test_text_after_a_call_is_another_item_where_it_is_written() -> None:
    stage = Stage(text("One."), call("{}"), text("Two."), finished())
    kinds = [item["type"] for item in response_of(await stage.run(output_modality="text"))["output"]]
    assert kinds == ["message", "function_call", "message"]


async def test_arguments_that_are_a_little_wrong_are_repaired() -> None:
    stage = Stage(call("{'city': 'Paris',"), call("not json at all", 1), call("", 2), finished("tool_calls"))
    events = await stage.run()
    arguments = [item["arguments"] for item in response_of(events)["output"]]
    assert arguments == ['{"city": "Paris"}', "not json at all", "{}"]


async def test_ids_of_calls_are_not_taken_twice() -> None:
    stage = Stage(call("{}", 0, id="call_0"), call("{}", 1, id="call_0"), finished("tool_calls"))
    first, second = response_of(await stage.run())["output"]
    assert first["call_id"] == "call_0" and second["call_id"] not in ("", "call_0")
    stage.agent.put(call("{}", 0, id="call_0"), finished("tool_calls"))
    (third,) = response_of(await stage.run())["output"]
    assert third["call_id"] not in ("call_0", second["call_id"])


async def test_an_answer_that_ran_into_the_limit_is_incomplete() -> None:
    stage = Stage(text("Once upon"), call('{"a": 1}'), call('{"b', 1), finished("length", Usage(1, 9)))
    events = await stage.run(output_modality="text", max_output_tokens=9)
    assert stage.agent.requests[0].max_tokens == 9
    response = response_of(events)
    assert response["status"] == "incomplete"
    assert response["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert [item["status"] for item in response["output"]] == ["completed", "completed", "incomplete"]
    assert response["output"][2]["arguments"] == '{"b'


async def test_what_may_not_be_said_is_incomplete() -> None:
    stage = Stage(text("Well"), finished("content_filter"))
    response = response_of(await stage.run())
    assert response["status_details"] == {"type": "incomplete", "reason": "content_filter"}
    assert [item["status"] for item in response["output"]] == ["incomplete"]


async def test_an_empty_answer_is_complete() -> None:
    for modality in ("text", "audio"):
        stage = Stage(finished())
        response = response_of(await stage.run(output_modality=modality))
        assert (response["status"], response["output"]) == ("completed", [])


async def test_out_of_the_conversation_nothing_is_left_in_it() -> None:
    stage = Stage(text("Hello."), call("{}"), finished())
    events = await stage.run(in_conversation=False)
    assert response_of(events)["conversation_id"] is None
    assert len(stage.conversation) == 0
    assert not stage.reply(in_conversation=False).in_conversation and stage.reply().in_conversation


@pytest.mark.parametrize("reason", ["turn_detected", "client_cancelled"])
async def test_cancelling_tells_the_end_at_once_and_frees_all(reason: Any) -> None:
    stage = Stage(text("The first sentence is here. "), text("And the second"), voice=Voice(ready=False))
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: bool(stage.voice.jobs))
        stage.voice.jobs[0].sound.put_nowait(stage.voice.tone(200))
        await stage.until(lambda: bool(of_type(stage.seen(), "response.output_audio.delta")))
        reply.cancel(reason)
        assert not reply.active
        response = response_of(stage.seen())
        assert response["status"] == "cancelled"
        assert response["status_details"] == {"type": "cancelled", "reason": reason}
        assert [item["status"] for item in response["output"]] == ["incomplete"]
        told = len(stage.seen())
        reply.cancel("client_cancelled")
    assert len(stage.take()) == told


async def test_sound_that_nobody_took_is_dropped_when_cancelled() -> None:
    stage = Stage(text("The first sentence is here. "))
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: len(stage.outbox) > 5)
        reply.cancel("turn_detected")
    events = stage.take()
    assert of_type(events, "response.output_audio.delta") == []
    assert response_of(events)["output"][0]["content"][0]["transcript"].startswith("The first")


async def test_cancelled_before_it_ran_it_is_told_all_the_same() -> None:
    stage = Stage()
    reply = stage.reply()
    reply.cancel("client_cancelled")
    with anyio.fail_after(5):
        await reply.run()
    assert types(stage.take()) == ["response.created", "response.done"]
    assert stage.agent.requests == []


async def test_hanging_up_ends_it() -> None:
    stage = Stage(text("The first sentence is here. "), voice=Voice(ready=False))
    reply = stage.reply()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reply.run)
        await stage.until(lambda: bool(stage.voice.jobs))
        tasks.cancel_scope.cancel()
    assert response_of(stage.take())["status"] == "cancelled"


@pytest.mark.parametrize("modality", ["text", "audio"])
async def test_a_model_that_fails_fails_the_response(modality: Any) -> None:
    stage = Stage(text("The first sentence is here. "), call("{"), LlmUnavailable("It is gone."))
    response = response_of(await stage.run(output_modality=modality))
    assert response["status"] == "failed"
    assert response["status_details"]["error"]["code"] == "llm_unavailable"
    assert response["status_details"]["error"]["message"] == "It is gone."
    assert response["output"][-1]["status"] == "incomplete"


async def test_a_voice_that_fails_fails_the_response_and_cuts_the_model() -> None:
    stage = Stage(text("The first sentence is here. "), voice=Voice(ready=False))
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: bool(stage.voice.jobs))
        stage.voice.jobs[0].sound.put_nowait(ProviderCrashed("It fell over."))
    response = response_of(stage.take())
    assert response["status_details"]["error"]["code"] == "provider_crashed"
    assert response["output"] == []


async def test_no_room_is_told_as_clients_know_it() -> None:
    stage = Stage(text("Hello."), finished(), voice=Voice(ready=False))
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: bool(stage.voice.jobs))
        stage.voice.jobs[0].sound.put_nowait(ProviderBusy("All slots are taken."))
    assert response_of(stage.take())["status_details"]["error"]["code"] == "rate_limit_exceeded"


async def test_a_fault_of_ours_is_told_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(text("Hello."), KeyError("secret"))
    error = response_of(await stage.run(output_modality="text"))["status_details"]["error"]
    assert (error["type"], error["code"]) == ("server_error", "internal")
    assert "secret" not in error["message"]


async def test_a_full_conversation_fails_the_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vox.runtime.agent.conversation._MOST_ITEMS", 0)
    stage = Stage(text("Hello."), finished())
    error = response_of(await stage.run(output_modality="text"))["status_details"]["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_request")


async def test_an_item_that_the_client_deletes_meanwhile_is_told_to_its_end() -> None:
    stage = Stage(text("Hello. "))
    reply = stage.reply(output_modality="text")
    async with stage.running(reply):
        stage.conversation.delete(next(iter(stage.conversation)).id)
        stage.agent.put(text("More."), finished())
    assert response_of(stage.take())["output"][0]["content"][0]["text"] == "Hello. More."


async def test_without_an_agent_a_given_text_is_said() -> None:
    stage = Stage()
    events = await stage.run(None, asked="Good morning.")
    assert response_of(events)["output"][0]["content"][0]["transcript"] == "Good morning."
    assert response_of(events)["usage"]["total_tokens"] == 0
    given = (
        Item("a", role="user", parts=[Part("input_text", "One.")]),
        Item("b", "function_call_output", call_id="c", output="no text"),
        Item("c", role="user", parts=[Part("input_text", "Two.")]),
    )
    events = await Stage().run(None, asked="Slowly.", input=given, in_conversation=False)
    assert response_of(events)["output"][0]["content"][0]["transcript"] == "One.\nTwo."


async def test_without_an_agent_and_a_text_it_fails() -> None:
    error = response_of(await Stage().run(None, instructions="The session's."))["status_details"]["error"]
    assert error["code"] == "llm_not_configured" and "VOX_LLM_BASE_URL" in error["message"]


async def test_what_is_to_be_said_goes_before_the_agent() -> None:
    stage = Stage()
    events = await stage.run(say="Welcome.")
    assert response_of(events)["output"][0]["content"][0]["transcript"] == "Welcome."
    assert stage.agent.requests == []


async def test_two_at_once_do_not_mix() -> None:
    stage, other = Stage(text("One."), finished()), Stage(text("Two."), finished())
    first, second = stage.reply(output_modality="text"), stage.reply(other.agent, in_conversation=False)
    async with stage.running(first), stage.running(second):
        pass
    assert [event["response"]["id"] for event in of_type(stage.take(), "response.done")] == [first.id, second.id]
