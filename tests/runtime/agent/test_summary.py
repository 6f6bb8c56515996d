"""Summaries of what was said long ago, by a real server of scripted answers."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from tests.llm_server import Answer, LlmServer, last_user_text
from tests.runtime.conftest import until
from vox.config.llm import LlmSettings
from vox.config.realtime import MemorySettings
from vox.llm.chat import ChatModel, Message, ToolCall
from vox.llm.completions import ChatCompletions
from vox.runtime.agent.memory import Memory
from vox.runtime.agent.summary import Summarizer
from vox.runtime.agent.window import estimate

pytestmark = pytest.mark.anyio

SYSTEM = Message("system", "Be short.")


def noted(body: dict[str, Any]) -> str:
    """The lines that were to be summed up, by their numbers."""
    lines = last_user_text(body).splitlines()
    return f"Notes of {lines[0]} to {lines[-1]}."


@pytest.fixture
def llm() -> Iterator[LlmServer]:
    with LlmServer(noted) as server:
        yield server


def talk(count: int) -> tuple[Message, ...]:
    """Turns in numbers: user 0, assistant 1, user 2 …"""
    return (SYSTEM, *(Message("user" if at % 2 == 0 else "assistant", str(at)) for at in range(count)))


@asynccontextmanager
async def summarizing(llm: LlmServer) -> AsyncGenerator[Summarizer]:
    model = ChatCompletions(LlmSettings(base_url=llm.base_url, model="m"))
    async with aclosing(model), aclosing(Summarizer(lambda: model)) as summarizer:
        yield summarizer


async def done(summarizer: Summarizer) -> None:
    await until(lambda: not summarizer.busy)


async def test_nothing_is_summed_up_before_it_is_worth_it(llm: LlmServer) -> None:
    async with summarizing(llm) as summarizer:
        summarizer.consider(talk(14))
        assert not summarizer.busy and summarizer.shorten(talk(14)) == talk(14)
    assert not llm.requests


async def test_the_oldest_messages_become_notes_and_the_latest_ten_stay(llm: LlmServer) -> None:
    async with summarizing(llm) as summarizer:
        summarizer.consider(talk(15))
        assert summarizer.shorten(talk(15)) == talk(15), "nobody waits for it"
        await done(summarizer)
        front, *rest = summarizer.shorten(talk(16))
    assert front.role == "system" and front.text.startswith("Be short.\n\n")
    assert front.text.endswith("Notes of User: 0 to User: 4.")
    assert tuple(rest) == talk(16)[6:]
    (request,) = llm.requests
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]
    assert "100 words" in request.body["messages"][0]["content"]


async def test_hours_of_talk_are_three_summaries(llm: LlmServer) -> None:
    async with summarizing(llm) as summarizer:
        shown = list[Message]()
        for count in range(1, 200):
            summarizer.consider(talk(count))
            await done(summarizer)
            shown = list(summarizer.shorten(talk(count)))
            assert len(shown) <= 1 + 15
            assert len(shown[0].text.split("\n\n")) <= 2 + 3
        assert "Notes of Notes of" in shown[0].text, "old notes are summed up themselves"
        assert shown[-1] == talk(199)[-1]


async def test_calls_and_results_are_summed_up_together(llm: LlmServer) -> None:
    call = Message("assistant", "Let me look.", (ToolCall("c", "weather", '{"city":"Rome"}'),))
    result = Message("tool", "sunny", tool_call_id="c")
    messages = (*talk(4), call, result, *talk(9)[1:])
    async with summarizing(llm) as summarizer:
        summarizer.consider(messages)
        await done(summarizer)
        assert summarizer.shorten(messages)[1] == call, "five older ones would have split them"
        longer = (*messages, *talk(6)[1:])
        summarizer.consider(longer)
        await done(summarizer)
        assert summarizer.shorten(longer)[1:] == longer[-10:]
    asked = last_user_text(llm.requests[1].body)
    assert 'Assistant: Let me look.\nAssistant called weather with {"city":"Rome"}\nweather gave: sunny\n' in asked


async def test_what_a_client_takes_out_is_forgotten(llm: LlmServer) -> None:
    async with summarizing(llm) as summarizer:
        summarizer.consider(talk(15))
        await done(summarizer)
        without = (SYSTEM, *talk(16)[3:])
        assert summarizer.shorten(without) == without
        assert summarizer.shorten(talk(15)) != talk(15), "it may have been another conversation that was asked for"
        summarizer.consider(without)
        assert summarizer.shorten(talk(15)) == talk(15)


async def test_a_failure_costs_the_summary_and_is_not_repeated_at_once(llm: LlmServer) -> None:
    llm.then(Answer(status=400), "", *["Noted."] * 2)
    async with summarizing(llm) as summarizer:
        for count, requests in ((15, 1), (16, 1), (19, 1), (20, 2), (24, 2), (25, 3)):
            summarizer.consider(talk(count))
            await done(summarizer)
            assert len(llm.requests) == requests
        assert summarizer.shorten(talk(25))[0].text.endswith("Noted.")


async def test_a_long_summary_is_cut_at_the_end_of_a_sentence(llm: LlmServer) -> None:
    llm.then("One fact is told here. " * 30, "word" * 300)
    async with summarizing(llm) as summarizer:
        summarizer.consider(talk(15))
        await done(summarizer)
        notes = summarizer.shorten(talk(15))[0].text.partition("below:\n\n")[2]
        assert notes.endswith("here.") and 125 < estimate(notes) <= 150
        summarizer.consider(talk(25))
        await done(summarizer)
        assert summarizer.shorten(talk(25))[0].text.count("word") in range(100, 150)


async def test_a_summary_gives_way_to_an_answer_but_not_for_ever(llm: LlmServer) -> None:
    llm.then(*[Answer(fault="hang")] * 3)
    async with summarizing(llm) as summarizer:
        for number in range(1, 4):
            summarizer.consider(talk(15))
            request = await asyncio.to_thread(llm.wait_for, number)
            summarizer.give_way()
            await done(summarizer)
            assert (await asyncio.to_thread(request.wait)).cut
        summarizer.consider(talk(15))
        summarizer.give_way()
        await done(summarizer)
        assert summarizer.shorten(talk(15)) != talk(15)


async def test_leaving_ends_the_work(llm: LlmServer) -> None:
    llm.then(Answer(fault="hang"))
    async with summarizing(llm) as summarizer:
        summarizer.consider(talk(15))
        request = await asyncio.to_thread(llm.wait_for, 1)
    assert (await asyncio.to_thread(request.wait)).cut


async def test_memory_is_the_summaries_and_a_window_after_them(llm: LlmServer) -> None:
    settings = MemorySettings(max_messages=12, max_tokens=1000, summarize=True)
    model: list[ChatModel | None] = [None]
    async with Memory(lambda: settings, lambda: model[0]) as memory:
        memory.consider(talk(30))
        assert memory.shown(talk(31)) == (SYSTEM, *talk(31)[-11:]), "without a model, the window alone"
        completions = ChatCompletions(LlmSettings(base_url=llm.base_url, model="m"))
        model[0] = completions
        before = asyncio.all_tasks()
        memory.consider(talk(30))
        (summing_up,) = asyncio.all_tasks() - before
        await asyncio.wait_for(summing_up, 10)
        front, *rest = memory.shown(talk(31))
        assert "Notes of User: 0 to" in front.text and tuple(rest) == talk(31)[-11:]
        await completions.aclose()


async def test_memory_without_summaries_asks_nobody(llm: LlmServer) -> None:
    model = ChatCompletions(LlmSettings(base_url=llm.base_url, model="m"))
    async with Memory(lambda: MemorySettings(max_messages=4), lambda: model) as memory:
        memory.consider(talk(50))
        assert memory.shown(talk(50)) == (SYSTEM, *talk(50)[-4:])
    assert not llm.requests
