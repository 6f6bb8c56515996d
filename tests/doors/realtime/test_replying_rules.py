"""Whatever the agent, the voice, the client and chance do, and in whichever order: responses keep the rules.

Each example is a schedule: an action, then everything runs until it waits, then the next one; or, now and then, the
next one at once, as when a client cancels in the moment in which a word comes.
"""

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.doors.realtime.replies import Stage, Voice, call, finished, settled, text
from tests.doors.realtime.rules import Event, check_responses, of_type, spoken_bytes
from vox.doors.realtime.replying import Reply
from vox.errors import LlmFailed, ProviderBusy
from vox.llm.chat import Usage

TEXTS = [
    "Yes. ",
    "Hello there, my good friend. ",
    "\n",
    " ",
    "3.5 kg of ",
    "```\nx = 1\n``` ",
    "Well, ",
    "世界。",
    "🙂",
]
ARGUMENTS = ["", "{", '"a": 1', "}", "'b': 2,", "nonsense"]
SENTENCE = "And this is one more sentence that is long enough to be spoken on its own. "

AGENT = st.one_of(
    st.tuples(st.just("text"), st.sampled_from(TEXTS)),
    st.tuples(st.just("text"), st.just(SENTENCE)),
    st.tuples(st.just("call"), st.integers(0, 2), st.sampled_from(ARGUMENTS)),
    st.tuples(st.just("finish"), st.sampled_from(["stop", "tool_calls", "length", "content_filter"])),
    st.tuples(st.just("agent_fails")),
    st.tuples(st.just("agent_breaks")),
)
VOICE = st.one_of(
    st.tuples(st.just("sound"), st.sampled_from([1, 30, 90, 700])),
    st.tuples(st.just("spoken")),
    st.tuples(st.just("voice_fails")),
)
CLIENT = st.one_of(
    st.tuples(st.just("cancel"), st.sampled_from(["turn_detected", "client_cancelled"])),
    st.tuples(st.just("delete")),
    st.tuples(st.just("take")),
    st.tuples(st.just("time")),
)
LIKELY = st.one_of(AGENT, AGENT, VOICE, VOICE, VOICE, CLIENT)
STEP = st.tuples(LIKELY, st.sampled_from([60, 60, 60, 0, 1, 2, 3, 4, 5, 6]))
Step = tuple[tuple[Any, ...], int]
"""What happens, and how many rounds of the event loop before; with 60, everything waits then."""
FATAL = {"agent_fails", "agent_breaks", "voice_fails", "cancel"}


@given(
    steps=st.lists(STEP, max_size=25),
    modality=st.sampled_from(["audio", "audio", "text"]),
    in_conversation=st.booleans(),
    aside=st.booleans(),
    typing=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_responses_keep_the_rules(steps: list[Step], aside: bool, typing: bool, **config: Any) -> None:
    config["output_modality"] = config.pop("modality")
    anyio.run(play, steps, aside, typing, config)


async def play(steps: list[Step], aside: bool, typing: bool, config: dict[str, Any]) -> None:
    stage = Stage(
        voice=Voice(ready=False),
        acknowledgement={"enabled": aside, "delay_ms": 0},
        typing_sound={"enabled": typing, "loop_duration_ms": 300},
    )
    reply = stage.reply(latency_events=True, **config)
    with capture_logs() as logged:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reply.run)
            await settled()
            for action, rounds in steps:
                await settled(rounds)
                act(stage, reply, *action)
                if action[0] == "cancel":
                    check_ended_at_once(stage, reply)
            await settled()
            finish(stage, reply)
            with anyio.fail_after(10):
                while reply.active:
                    speak_on(stage)
                    await settled()
    check(stage, reply, [action for action, _ in steps], logged)


def act(stage: Stage, reply: Reply, kind: str, *given: Any) -> None:
    job = stage.voice.open[0] if stage.voice.open else None
    does: dict[str, Callable[[], Any]] = {
        "text": lambda: stage.agent.put(text(given[0])),
        "call": lambda: stage.agent.put(call(given[1], given[0])),
        "finish": lambda: stage.agent.put(finished(given[0], Usage(1, 2))),
        "agent_fails": lambda: stage.agent.put(LlmFailed("It refuses.")),
        "agent_breaks": lambda: stage.agent.put(KeyError("a fault")),
        "sound": lambda: job and job.sound.put_nowait(stage.voice.tone(given[0])),
        "spoken": lambda: job and job.sound.put_nowait(None),
        "voice_fails": lambda: job and job.sound.put_nowait(ProviderBusy("No room.")),
        "cancel": lambda: reply.cancel(given[0]),
        "delete": lambda: [stage.conversation.delete(item.id) for item in list(stage.conversation)],
        "take": stage.seen,
        "time": lambda: None,
    }
    does[kind]()


def finish(stage: Stage, reply: Reply) -> None:
    """Let come to an end what has not ended."""
    if reply.active:
        stage.agent.put(finished())


def speak_on(stage: Stage) -> None:
    for job in stage.voice.open:
        job.sound.put_nowait(None)


def check_ended_at_once(stage: Stage, reply: Reply) -> None:
    assert not reply.active
    check_responses(stage.seen())


def check(stage: Stage, reply: Reply, actions: list[tuple[Any, ...]], logged: list[Any]) -> None:
    events = stage.take()
    if "agent_breaks" not in {action[0] for action in actions}:
        assert [entry for entry in logged if entry["log_level"] == "error"] == []
    assert len(of_type(events, "response.created")) == 1
    done = events[-1]
    assert done["type"] == "response.done" and done["response"]["id"] == reply.id
    if done["response"]["status"] in ("cancelled", "failed"):
        assert FATAL & {action[0] for action in actions}
    check_calls(events)
    if not {"delete"} & {action[0] for action in actions}:
        check_kept(stage, events)


def check_calls(events: list[Event]) -> None:
    """All calls of a response that was not cut can be run."""
    response = events[-1]["response"]
    calls = [item for item in response["output"] if item["type"] == "function_call"]
    assert len({item["call_id"] for item in calls}) == len(calls)
    if response["status"] == "completed":
        assert all(item["status"] == "completed" and item["arguments"] for item in calls)


def check_kept(stage: Stage, events: list[Event]) -> None:
    """The conversation holds what was told, with the moments of what was spoken."""
    response = events[-1]["response"]
    kept = list(stage.conversation)
    assert [item.id for item in kept] == [one["id"] for one in response["output"] if response["conversation_id"]]
    for item in kept:
        for part in item.parts:
            if part.kind == "output_audio":
                assert "".join(mark.text for mark in part.marks) == part.text
                starts = [mark.start_ms for mark in part.marks]
                assert starts == sorted(starts) and all(start <= part.audio_ms for start in starts)
                if response["status"] != "cancelled":  # otherwise what was not taken is dropped
                    assert bytes(part.audio) == spoken_bytes(events, item.id)


@pytest.mark.parametrize("rounds", range(8))
@pytest.mark.parametrize("modality", ["text", "audio"])
@pytest.mark.parametrize("late", [[("text", SENTENCE)], [("call", 0, "{")], [("sound", 700)], [("finish", "stop")]])
def test_what_comes_in_the_moment_of_a_cancel_is_dropped(
    late: list[tuple[Any, ...]], modality: str, rounds: int
) -> None:
    before = [(("text", SENTENCE), 60)] if late[0][0] == "sound" else []
    steps = [*before, (late[0], 60), (("cancel", "turn_detected"), rounds)]
    anyio.run(play, steps, False, False, {"output_modality": modality})


@pytest.mark.parametrize(
    "actions",
    [
        [("text", SENTENCE), ("sound", 700), ("voice_fails",)],
        [("call", 0, "{"), ("text", SENTENCE), ("sound", 90), ("cancel", "turn_detected")],
        [("text", "Yes. "), ("call", 0, "{"), ("call", 1, "}"), ("finish", "length"), ("cancel", "client_cancelled")],
    ],
)
def test_some_orders_for_certain(actions: list[tuple[Any, ...]]) -> None:
    """So that a failure of the rules themselves is seen without chance."""
    for typing in (False, True):
        anyio.run(play, [(action, 60) for action in actions], True, typing, {"output_modality": "audio"})
