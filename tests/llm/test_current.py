"""The model of the settings in force."""

from contextlib import aclosing

import pytest

from tests.llm_server import Answer, LlmServer
from vox.config.llm import LlmSettings
from vox.llm.chat import ChatRequest, Finished, Message
from vox.llm.current import CurrentModel

pytestmark = pytest.mark.anyio

HELLO = ChatRequest((Message("user", "Hello."),))


async def test_one_model_for_as_long_as_the_settings_stay() -> None:
    settings: list[LlmSettings | None] = [LlmSettings(preset="ollama", model="a")]
    current = CurrentModel(lambda: settings[0])
    first = current.get()
    settings[0] = LlmSettings(preset="ollama", model="a")
    assert first is not None and current.get() is first
    settings[0] = LlmSettings(preset="ollama", model="b")
    second = current.get()
    assert second is not None and second.name == "b"
    settings[0] = None
    assert current.get() is None
    await current.aclose()


async def test_a_change_leaves_the_answers_that_have_begun(llm: LlmServer) -> None:
    settings = [LlmSettings(base_url=llm.base_url, model="a")]
    current = CurrentModel(lambda: settings[0])
    former = current.get()
    assert former is not None
    llm.then(Answer("one two three"))
    async with aclosing(former.stream(HELLO)) as events:
        await anext(events)
        settings[0] = LlmSettings(base_url=llm.base_url, model="b")
        latter = current.get()
        assert latter is not None
        assert isinstance([event async for event in latter.stream(HELLO)][-1], Finished)
        assert isinstance([event async for event in events][-1], Finished)
    await current.aclose()
    assert [request.body["model"] for request in llm.requests] == ["a", "b"]


async def test_after_closing_it_begins_anew() -> None:
    current = CurrentModel(lambda: LlmSettings(preset="ollama", model="a"))
    first = current.get()
    await current.aclose()
    assert current.get() is not first
    await current.aclose()
