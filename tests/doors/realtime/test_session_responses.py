"""Responses that clients ask for."""

import asyncio
from collections.abc import AsyncGenerator

import anyio
import pytest

from tests.doors.realtime.replies import Voice, finished, text
from tests.doors.realtime.sessions import CANCEL, CREATE, SPEECH, TURN, Stage, error, item, silence, types
from vox.errors import ProviderFailed
from vox.llm.chat import Message
from vox.runtime.requests import Caller, OnRoute, SynthesizeRequest
from vox.types import AudioChunk, Speech

pytestmark = pytest.mark.anyio


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
