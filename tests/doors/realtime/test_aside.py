"""What is heard while an answer is thought of."""

import itertools
from typing import Any

import anyio
import pytest

from tests.doors.realtime.replies import Stage, Voice, call, finished, text
from tests.doors.realtime.rules import Event, of_type, spoken_bytes
from vox.audio.g711 import from_ulaw
from vox.errors import ProviderCrashed
from vox.runtime.agent.typing_sound import key_clicks

pytestmark = pytest.mark.anyio

PHRASES = ["Okay.", "One second."]


def stage_of(*events: Any, voice: Voice | None = None, typing: bool = False, delay_ms: int = 0, **more: Any) -> Stage:
    acknowledgement = {"enabled": True, "delay_ms": delay_ms, "phrases": PHRASES} | more
    return Stage(
        *events, voice=voice, acknowledgement=acknowledgement, typing_sound={"enabled": typing, "loop_duration_ms": 400}
    )


def transcripts(events: list[Event]) -> list[str]:
    return [item["content"][0]["transcript"] for item in events[-1]["response"]["output"] if "content" in item]


async def test_an_answer_that_takes_its_time_is_announced() -> None:
    stage = stage_of()
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: len(of_type(stage.seen(), "response.output_item.done")) == 1)
        stage.agent.put(text("Here it is."), finished())
    events = stage.take()
    first, second = events[-1]["response"]["output"]
    assert first["content"][0]["transcript"] in PHRASES and first["status"] == "completed"
    assert second["content"][0]["transcript"] == "Here it is."
    assert len(spoken_bytes(events, first["id"])) == len(stage.voice.tone(10 * len(transcripts(events)[0])))
    ends = [(event["type"], event["output_index"]) for event in of_type(events, "response.output_item.added")]
    assert ends == [("response.output_item.added", 0), ("response.output_item.added", 1)]


async def test_the_model_never_sees_it() -> None:
    stage = stage_of()
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: len(of_type(stage.seen(), "response.output_item.done")) == 1)
        stage.agent.put(text("Here it is."), finished())
    assert len(stage.conversation) == 2
    assert [message.text for message in stage.conversation.messages()] == ["Here it is."]


async def test_an_answer_in_time_is_not_announced() -> None:
    stage = stage_of(text("Here it is."), finished(), delay_ms=60_000)
    assert transcripts(await stage.run()) == ["Here it is."]


@pytest.mark.parametrize(
    "config",
    [{"output_modality": "text"}, {"in_conversation": False}, {"say": "Welcome."}],
    ids=["text", "out of the conversation", "given text"],
)
async def test_there_is_none_where_nobody_waits_for_the_agent(config: dict[str, Any]) -> None:
    voice = Voice(ready="output_modality" in config)
    stage = stage_of(voice=voice)
    reply = stage.reply(**config)
    async with stage.running(reply):
        stage.agent.put(text("Here it is."), finished())
        if not voice.ready:
            await stage.until(lambda: bool(voice.jobs))
            voice.jobs[0].sound.put_nowait(voice.tone(100))
            voice.jobs[0].sound.put_nowait(None)
    assert len(stage.take()[-1]["response"]["output"]) == 1


async def test_a_call_that_was_faster_has_the_first_place() -> None:
    stage = stage_of(voice=Voice(ready=False))
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: len(stage.voice.jobs) == 1)
        stage.agent.put(call("{"))
        await stage.until(lambda: bool(of_type(stage.seen(), "response.output_item.added")))
        stage.voice.jobs[0].sound.put_nowait(stage.voice.tone(100))
        stage.voice.jobs[0].sound.put_nowait(None)
        await stage.until(lambda: not stage.voice.open)
        stage.agent.put(call("}"), finished("tool_calls"))
    (look,) = stage.take()[-1]["response"]["output"]
    assert look["type"] == "function_call"


async def test_no_phrase_is_said_twice_running_and_each_is_spoken_once_only() -> None:
    stage = stage_of()
    said = list[str]()
    for _ in range(6):
        reply = stage.reply()
        before = len(of_type(stage.seen(), "response.output_item.done"))
        async with stage.running(reply):
            await stage.until(lambda n=before: len(of_type(stage.seen(), "response.output_item.done")) == n + 1)
            stage.agent.put(finished())
        said += transcripts(stage.take())
    assert all(one != other for one, other in itertools.pairwise(said)) and set(said) == set(PHRASES)
    assert sorted(stage.voice.texts) == sorted(PHRASES)


async def test_another_voice_says_it_itself() -> None:
    stage = stage_of()
    for voice in ("default", "alloy", "default"):
        reply = stage.reply(voice=voice)
        before = len(of_type(stage.seen(), "response.output_item.done"))
        async with stage.running(reply):
            await stage.until(lambda n=before: len(of_type(stage.seen(), "response.output_item.done")) == n + 1)
            stage.agent.put(finished())
    voices = [(job.request.voice, job.request.text) for job in stage.voice.jobs]
    assert len(set(voices)) == len(voices) and {voice for voice, _ in voices} == {None, "anna"}


async def test_the_answer_s_first_sound_ends_the_typing() -> None:
    stage = stage_of(typing=True)
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: len(of_type(stage.seen(), "response.output_audio.delta")) > 5)
        assert of_type(stage.seen(), "response.output_item.done") == []
        stage.agent.put(text("Here it is."), finished())
    events = stage.take()
    first, _ = events[-1]["response"]["output"]
    said = first["content"][0]["transcript"]
    assert said in PHRASES and first["status"] == "completed"
    noise = spoken_bytes(events, first["id"])[len(stage.voice.tone(10 * len(said))) :]
    assert noise and key_clicks(400)[: len(noise)] == noise[: len(key_clicks(400))]
    last = max(i for i, one in enumerate(events) if one.get("item_id") == first["id"])
    assert events[last]["type"] == "response.content_part.done"
    assert last < events.index(of_type(events, "response.output_item.added")[1])


async def test_typing_is_sent_no_faster_than_it_is_heard() -> None:
    stage = stage_of(typing=True)
    reply = stage.reply()
    began = anyio.current_time()
    async with stage.running(reply):
        await stage.until(lambda: len(of_type(stage.seen(), "response.output_audio.delta")) > 8)
        (item,) = stage.conversation
        assert item.parts[0].audio_ms <= (anyio.current_time() - began) * 1000 + 200 + 100
        reply.cancel("turn_detected")
    assert stage.take()[-1]["response"]["output"][0]["status"] == "incomplete"


async def test_typing_alone_has_no_transcript() -> None:
    stage = stage_of(typing=True, enabled=False)
    reply = stage.reply(output_format="audio/pcmu")
    async with stage.running(reply):
        await stage.until(lambda: len(of_type(stage.seen(), "response.output_audio.delta")) > 1)
        stage.agent.put(finished())
    events = stage.take()
    (noise,) = events[-1]["response"]["output"]
    assert noise["content"] == [{"type": "output_audio", "transcript": ""}] and noise["status"] == "completed"
    assert abs(from_ulaw(spoken_bytes(events, noise["id"])).astype(int)).max() > 500
    assert stage.voice.jobs == []


async def test_typing_goes_on_beside_a_call() -> None:
    stage = stage_of(typing=True)
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: bool(of_type(stage.seen(), "response.output_audio.delta")))
        stage.agent.put(call("{"))
        await stage.until(lambda: len(of_type(stage.seen(), "response.output_item.added")) == 2)
        sent = len(of_type(stage.seen(), "response.output_audio.delta"))
        await stage.until(lambda: len(of_type(stage.seen(), "response.output_audio.delta")) > sent)
        stage.agent.put(call("}"), finished("tool_calls"))
    aside, look = stage.take()[-1]["response"]["output"]
    assert (aside["status"], look["status"]) == ("completed", "completed")


async def test_a_phrase_that_cannot_be_spoken_is_left_out() -> None:
    stage = stage_of(voice=Voice(ready=False))
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: len(stage.voice.jobs) == 1)
        stage.voice.jobs[0].sound.put_nowait(ProviderCrashed("It fell over."))
        await stage.until(lambda: not stage.voice.open)
        stage.agent.put(text("Here it is."), finished())
        await stage.until(lambda: len(stage.voice.jobs) == 2)
        stage.voice.jobs[1].sound.put_nowait(stage.voice.tone(100))
        stage.voice.jobs[1].sound.put_nowait(None)
    assert transcripts(stage.take()) == ["Here it is."]


async def test_a_phrase_that_is_not_ready_before_the_answer_is_not_said() -> None:
    stage = stage_of(voice=Voice(ready=False))
    reply = stage.reply()
    async with stage.running(reply):
        await stage.until(lambda: len(stage.voice.jobs) == 1)
        stage.agent.put(text("Here it is."), finished())
        await stage.until(lambda: len(stage.voice.jobs) == 2)
        stage.voice.jobs[1].sound.put_nowait(stage.voice.tone(100))
        await stage.until(lambda: bool(of_type(stage.seen(), "response.output_audio.delta")))
        assert not stage.voice.jobs[0].open
        stage.voice.jobs[1].sound.put_nowait(None)
    assert transcripts(stage.take()) == ["Here it is."]
