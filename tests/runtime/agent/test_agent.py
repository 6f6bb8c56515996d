"""Who answers in a conversation."""

from collections.abc import AsyncGenerator

import pytest

from vox.llm.chat import ChatEvent, ChatRequest, Finished, Message, TextDelta, Tool, Usage
from vox.runtime.agent.agent import Agent, EchoAgent, GivenText, LlmAgent, make_agent

pytestmark = pytest.mark.anyio


class Model:
    """A language model that answers from a list and remembers what became of its answer."""

    name = "scripted"

    def __init__(self, *events: ChatEvent) -> None:
        self.events, self.asked, self.closed = events, list[ChatRequest](), False

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        self.asked.append(request)
        try:
            for event in self.events:
                yield event
        finally:
            self.closed = True

    async def warm_up(self) -> None:
        """Nothing is loaded."""

    async def aclose(self) -> None:
        """Nothing is open."""


async def answer(agent: Agent, *messages: Message) -> list[ChatEvent]:
    return [event async for event in agent.reply(ChatRequest(messages))]


async def test_a_language_model_is_asked_and_its_answer_handed_on() -> None:
    model = Model(TextDelta("Hel"), TextDelta("lo."), Finished("stop", Usage(3, 2)))
    agent, request = LlmAgent(model), ChatRequest((Message("user", "Hi"),), (Tool("look"),))
    assert [event async for event in agent.reply(request)] == list(model.events)
    assert model.asked == [request]
    assert agent.name == "scripted"


async def test_closing_the_answer_closes_the_model_s() -> None:
    model = Model(TextDelta("one"), TextDelta("two"), Finished("stop"))
    events = LlmAgent(model).reply(ChatRequest(()))
    assert await anext(events) == TextDelta("one")
    assert not model.closed
    await events.aclose()
    assert model.closed


async def test_an_echo_repeats_what_was_said_last() -> None:
    said = (Message("system", "Be kind."), Message("user", "One."), Message("assistant", "Two."), Message("user", "3?"))
    assert await answer(EchoAgent(), *said) == [TextDelta("3?"), Finished("stop", Usage(0, 0))]
    assert await answer(EchoAgent(), *said, Message("tool", "rain", tool_call_id="c")) == [
        TextDelta("rain"),
        Finished("stop", Usage(0, 0)),
    ]


async def test_an_echo_is_silent_where_nothing_was_said() -> None:
    assert await answer(EchoAgent(), Message("system", "Be kind.")) == [Finished("stop", Usage(0, 0))]


async def test_a_given_text_is_said_whatever_was_asked() -> None:
    agent = GivenText("Good morning.")
    assert await answer(agent, Message("user", "Hi")) == [TextDelta("Good morning."), Finished("stop", Usage(0, 0))]
    assert agent.name == "given-text"


async def test_the_settings_choose() -> None:
    model = Model()
    chosen = make_agent("llm", model)
    assert isinstance(chosen, LlmAgent) and chosen.name == "scripted"
    assert make_agent("llm", None) is None
    assert isinstance(make_agent("echo", model), EchoAgent) and isinstance(make_agent("echo", None), EchoAgent)
