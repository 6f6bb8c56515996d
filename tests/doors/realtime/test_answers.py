"""What the agent is shown of a long conversation."""

from collections.abc import AsyncGenerator

import pytest

from tests.doors.realtime.replies import finished, text
from tests.doors.realtime.rules import Event
from tests.doors.realtime.sessions import Stage
from vox.llm.chat import ChatEvent, ChatRequest, Finished, Message, TextDelta

pytestmark = pytest.mark.anyio

TEXT = {"output_modalities": ["text"]}


class Notes:
    """A language model that sums up."""

    name = "notes"

    def __init__(self) -> None:
        self.requests = list[ChatRequest]()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        self.requests.append(request)
        yield TextDelta("They count.")
        yield Finished("stop")


def said(words: str) -> Event:
    content = [{"type": "input_text", "text": words}]
    return {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}


async def talk(stage: Stage, turns: int) -> None:
    for number in range(turns):
        done = len(stage.told("response.done"))
        stage.agent.put(text(f"answer {number}"), finished())
        await stage.send(said(f"question {number}"), {"type": "response.create", "response": TEXT})
        await stage.until_told("response.done", done + 1)


async def test_the_agent_is_shown_the_latest() -> None:
    stage = Stage(memory={"max_messages": 3}, instructions="Be kind.")
    async with stage.running():
        await talk(stage, 4)
    assert stage.agent.requests[-1].messages == (
        Message("system", "Be kind."),
        Message("user", "question 2"),
        Message("assistant", "answer 2"),
        Message("user", "question 3"),
    )


async def test_what_was_said_long_ago_is_summed_up() -> None:
    model = Notes()
    stage = Stage(memory={"summarize": True}, instructions="Be kind.", model=model)
    async with stage.running():
        await talk(stage, 8)
        await stage.until(lambda: bool(model.requests))
        await talk(stage, 1)
    front, *latest = stage.agent.requests[-1].messages
    assert front.role == "system" and "Be kind." in front.text and "They count." in front.text
    assert 10 <= len(latest) < 16 and latest[-1] == Message("user", "question 0")
    assert "question 0" in model.requests[0].messages[-1].text


async def test_nothing_is_summed_up_unless_it_is_wanted() -> None:
    model = Notes()
    stage = Stage(model=model)
    async with stage.running():
        await talk(stage, 10)
    assert model.requests == []
