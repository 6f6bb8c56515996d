"""Responses over a real language model's server, a real runtime and a provider process: what is cut is cut there."""

import json
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.doors.realtime.replies import Stage
from tests.doors.realtime.rules import Event, check_responses, of_type
from tests.llm_server import Answer, LlmServer
from tests.runtime.conftest import Setup, running
from tests.runtime.test_streams import DONE, audio, speaker
from vox.config.llm import LlmSettings
from vox.llm.completions import ChatCompletions
from vox.paths import Home
from vox.runtime.agent.agent import LlmAgent

pytestmark = pytest.mark.anyio

SECOND = bytes(48_000)
ENDLESS = "This is a sentence that is long enough to be spoken by itself. " * 40


class Show(Stage):
    """A stage whose voice is a provider and whose agent asks a server."""

    def __init__(self, setup: Setup, llm: LlmServer, **timeouts: Any) -> None:
        super().__init__()
        settings = {"baseUrl": llm.base_url, "model": "test-model", "timeouts": timeouts}
        self.model = ChatCompletions(LlmSettings.model_validate(settings))
        self.services = replace(self.services, engines=setup.runtime)
        self.setup = setup

    def made(self, **config: Any) -> Any:
        return self.reply(LlmAgent(self.model), **config)

    @property
    def in_use(self) -> int:
        """Permits of the provider that are held or waited for."""
        provider = self.setup.registry.get("tts")
        assert provider is not None
        snapshot = provider.limiter.snapshot()
        return snapshot.in_use + snapshot.queued

    async def whole(self, **config: Any) -> list[Event]:
        with anyio.fail_after(20):
            await self.made(**config).run()
        events = self.seen()
        check_responses(events)
        await self.until(lambda: self.in_use == 0)
        return events


@asynccontextmanager
async def show(
    home: Home, *answers: Answer | str, steps: tuple[dict[str, Any], ...] = (audio(0, SECOND), DONE), **more: Any
) -> AsyncIterator[tuple[Show, LlmServer]]:
    told = home.root / "cancelled"
    entry = speaker(env={"STEPS": json.dumps(steps), "TOLD": str(told)})
    timeouts = more.pop("timeouts", {})
    with LlmServer("Nothing is left to say.", **more) as llm:
        llm.then(*answers)
        async with running(home, entry) as setup:
            stage = Show(setup, llm, **timeouts)
            try:
                yield stage, llm
            finally:
                await stage.model.aclose()


async def waited(event: threading.Event) -> bool:
    return await anyio.to_thread.run_sync(event.wait, 10)


async def test_an_answer_is_spoken_as_it_is_written(home: Home) -> None:
    async with show(home, "Hello there, my friend. How do you do?") as (stage, _):
        events = await stage.whole()
        (message,) = events[-1]["response"]["output"]
        assert message["content"][0]["transcript"] == "Hello there, my friend. How do you do?"
        assert events[-1]["response"]["usage"]["output_tokens"] > 0


async def test_a_cancel_cuts_the_request_and_the_synthesis(home: Home, tmp_path: Path) -> None:
    steps = (audio(0, SECOND), {"gate": str(tmp_path / "never")}, DONE)
    async with show(home, ENDLESS, steps=steps, token_s=0.01) as (stage, llm):
        reply = stage.made()
        async with stage.running(reply):
            await stage.until(lambda: bool(of_type(stage.seen(), "response.output_audio.delta")))
            assert stage.in_use
            reply.cancel("turn_detected")
            assert stage.seen()[-1]["response"]["status"] == "cancelled"
        await stage.until(lambda: stage.in_use == 0)  # once the provider has confirmed it
        request = llm.requests[0]
        assert await waited(request.ended) and request.cut
        await stage.until(lambda: (home.root / "cancelled").exists())
        check_responses(stage.seen())


async def test_a_failing_voice_cuts_the_request(home: Home) -> None:
    async with show(home, ENDLESS, steps=({"die": True},), token_s=0.01) as (stage, llm):
        events = await stage.whole()
        assert events[-1]["response"]["status_details"]["error"]["code"] == "provider_crashed"
        assert await waited(llm.requests[0].ended) and llm.requests[0].cut


async def test_a_voice_that_dies_in_the_middle_of_a_sentence_costs_one_response(home: Home, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    steps = (audio(0, SECOND), {"gate": str(gate)}, audio(1, SECOND), DONE)
    async with show(home, ENDLESS, token_s=0.01, steps=steps) as (stage, llm):
        reply = stage.made()
        async with stage.running(reply):
            await stage.until(lambda: bool(of_type(stage.seen(), "response.output_audio.delta")))
            os.kill(stage.setup.pid("tts") or 0, signal.SIGKILL)
            await stage.until(_taken(stage, reply))
        events = stage.seen()
        check_responses(events)
        response = events[-1]["response"]
        assert response["status"] == "failed"
        assert response["status_details"]["error"]["code"] == "provider_crashed"
        assert [item["status"] for item in response["output"]] == ["incomplete"]
        assert await waited(llm.requests[0].ended) and llm.requests[0].cut
        gate.touch()  # the voice that is started again speaks to the end
        with anyio.fail_after(20):
            while (response := (await stage.whole())[-1]["response"])["status"] != "completed":
                # for a moment, as it died as soon as it ran
                assert response["status_details"]["error"]["code"] == "provider_unavailable"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(status=401, error="No."), "provider_unauthorized"),
        (Answer(status=400, error="The context is too long."), "llm_error"),
        (Answer("One. Two. Three. Four.", fault="error"), "llm_error"),
        (Answer("One. Two. Three. Four.", fault="cut"), "llm_error"),
        (Answer("One.", fault="hang"), "llm_timeout"),
        (Answer("One. Two. Three. Four.", fault="hang_midway"), "llm_timeout"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.fault or str(value.status),
)
async def test_a_sick_model_fails_the_response_and_the_next_one_works(home: Home, answer: Answer, code: str) -> None:
    timeouts = {"firstTokenMs": 400, "idleMs": 400}
    async with show(home, answer, timeouts=timeouts) as (stage, _):
        events = await stage.whole()
        assert events[-1]["response"]["status"] == "failed"
        assert events[-1]["response"]["status_details"]["error"]["code"] == code
        assert (await stage.whole())[-1]["response"]["status"] == "completed"


async def test_no_model_at_all(home: Home) -> None:
    async with show(home) as (stage, llm):
        stage.model = ChatCompletions(LlmSettings(base_url="http://127.0.0.1:9/v1", model="m"))
        events = await stage.whole()
        assert events[-1]["response"]["status_details"]["error"]["code"] == "llm_unavailable"
        assert llm.requests == []


async def test_tools_with_json_that_is_a_little_broken(home: Home) -> None:
    answer = Answer("Let me look.", tools=(("look", "{'city': 'Paris',"), ("look", '{"city": "Oslo"')))
    tool = {"type": "function", "name": "look", "description": "", "parameters": {"type": "object"}}
    async with show(home, answer) as (stage, llm):
        events = await stage.whole(tools=(tool,))
        message, paris, oslo = events[-1]["response"]["output"]
        assert message["content"][0]["transcript"] == "Let me look."
        assert [json.loads(call["arguments"]) for call in (paris, oslo)] == [{"city": "Paris"}, {"city": "Oslo"}]
        assert events[-1]["response"]["status"] == "completed"
        assert llm.requests[0].body["tools"][0]["function"]["name"] == "look"


async def test_a_slow_model_is_spoken_before_it_ends(home: Home) -> None:
    async with show(home, ENDLESS, token_s=0.005) as (stage, llm):
        reply = stage.made()
        async with stage.running(reply):
            await stage.until(lambda: bool(of_type(stage.seen(), "response.output_audio.delta")))
            assert not llm.requests[0].ended.is_set()
            reply.cancel("client_cancelled")


async def test_the_model_is_read_while_the_voice_is_slow(home: Home, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    steps = (audio(0, SECOND), {"gate": str(gate)}, DONE)
    async with show(home, ENDLESS, steps=steps) as (stage, llm):
        reply = stage.made()
        async with stage.running(reply):
            await stage.until(lambda: bool(llm.requests and llm.requests[0].ended.is_set()))
            assert not llm.requests[0].cut and reply.active
            await stage.until(lambda: stage.in_use > 0)  # it stands at the gate
            gate.touch()
            await stage.until(_taken(stage, reply))
        check_responses(stage.seen())


def _taken(stage: Show, reply: Any) -> Callable[[], bool]:
    def over() -> bool:
        stage.seen()
        return not reply.active

    return over
