"""Permits that nobody would give back: calls that were given up while their provider hangs. And calls made again."""

import asyncio
from pathlib import Path

import anyio
import pytest

from tests.runtime.conftest import CALLER, Setup, entry, model, running, until
from vox import errors
from vox.host.process import Streaming
from vox.paths import Home
from vox.runtime.execution import Executor, _may_go_again
from vox.runtime.requests import SynthesizeRequest, TranscribeRequest

pytestmark = pytest.mark.anyio

ASR = {"models": [model("ear:1")]}


async def call(setup: Setup, recording: Path, order: str = "") -> str:
    return (await setup.runtime.transcribe(TranscribeRequest(recording, prompt=order), CALLER)).text


async def test_a_cancelled_call_in_a_hung_provider_is_freed_in_time(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR, timeouts={"transcribeMs": 200})) as setup:
        limiter = setup.registry.providers[0].limiter
        with anyio.move_on_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call, setup, recording, "hang")
                await until(lambda: limiter.snapshot().in_use == 1)
                tasks.cancel_scope.cancel()
        assert limiter.snapshot().in_use == 1
        await until(lambda: limiter.snapshot().in_use == 0)
        assert await call(setup, recording) == "hello world"
        assert setup.registry.providers[0].supervisor.generation == 2


async def test_a_cancelled_call_that_is_answered_late_costs_no_process(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with running(home, entry("ear", ASR, timeouts={"transcribeMs": 5000})) as setup:
        limiter = setup.registry.providers[0].limiter
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, setup, recording, f"gate {gate}")
            await until(lambda: limiter.snapshot().in_use == 1)
            tasks.cancel_scope.cancel()
        gate.touch()
        await until(lambda: limiter.snapshot().in_use == 0)
        assert await call(setup, recording) == "hello world"
        assert setup.registry.providers[0].supervisor.generation == 1


async def test_a_provider_that_can_cancel_is_free_at_once(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", {**ASR, "features": ["cancel"]})) as setup:
        limiter = setup.registry.providers[0].limiter
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, setup, recording, "hang")
            await until(lambda: limiter.snapshot().in_use == 1)
            tasks.cancel_scope.cancel()
        await until(lambda: limiter.snapshot().in_use == 0, seconds=2)
        assert setup.registry.providers[0].supervisor.generation <= 1


async def test_with_room_for_more_a_hung_call_costs_its_place_until_none_is_left(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR, maxConcurrency=2, timeouts={"transcribeMs": 150})) as setup:
        provider = setup.registry.providers[0]
        with pytest.raises(errors.ProviderTimeout):
            await call(setup, recording, "hang")
        assert await call(setup, recording) == "hello world"
        assert (provider.supervisor.generation, provider.limiter.snapshot().in_use) == (1, 1)
        with pytest.raises(errors.ProviderTimeout):
            await call(setup, recording, "hang")
        await until(lambda: provider.limiter.snapshot().in_use == 0)
        assert await call(setup, recording) == "hello world"
        assert provider.supervisor.generation == 2


async def test_a_place_that_is_free_in_the_moment_it_would_be_lost_is_not_lost(home: Home) -> None:
    async with running(home, entry("ear", ASR)) as setup, anyio.create_task_group() as tasks:
        provider = setup.registry.providers[0]
        permit = provider.limiter.enter_now("ear:1")
        assert permit is not None
        seen = asyncio.ensure_future(Executor(tasks)._see_released(provider, "ear:1", permit, 0.0))
        for _ in range(2):
            await asyncio.sleep(0)  # it waits, and then its time is over
        permit.release()
        await seen
        assert (provider.replicas.all[0].lost, provider.replicas.all[0].lost_of["ear:1"]) == (0, 0)


async def test_an_authors_call_that_is_never_answered_costs_nobody_else(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR, timeouts={"callMs": 150})) as setup:
        provider = setup.registry.providers[0]
        with pytest.raises(errors.ProviderTimeout, match="callMs"):
            await setup.runtime.raw_call(provider, "no.such.method", {})
        assert await call(setup, recording) == "hello world"


async def test_a_model_whose_places_are_all_lost_gets_a_new_process(home: Home, recording: Path) -> None:
    models = {"models": [model("ear:1"), model("ear:2")]}
    options = {"modelOptions": {"ear:1": {"maxConcurrency": 1}}, "maxConcurrency": 4}
    async with running(home, entry("ear", models, **options, timeouts={"transcribeMs": 150})) as setup:
        with pytest.raises(errors.ProviderTimeout):
            await call(setup, recording, "hang")
        assert await call(setup, recording) == "hello world"  # without a new process it would wait for ever
        assert setup.registry.providers[0].supervisor.generation == 2


async def test_a_provider_that_can_cancel_outlives_a_call_over_its_time(home: Home, recording: Path) -> None:
    spec = {**ASR, "features": ["cancel"]}
    async with running(home, entry("ear", spec, timeouts={"transcribeMs": 150})) as setup:
        with pytest.raises(errors.ProviderTimeout):
            await call(setup, recording, "hang")
        assert await call(setup, recording) == "hello world"
        assert setup.registry.providers[0].supervisor.generation == 1


# ---- once more after a crash


def _outcomes(setup: Setup) -> list[tuple[str, int, int]]:
    return [(row["outcome"], row["attempt"], row["generation"]) for row in setup.rows()]


async def test_a_call_whose_process_crashed_is_repeated_in_a_new_one(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        assert await call(setup, recording, f"die {tmp_path / 'died'}") == "hello world"
        assert _outcomes(setup) == [("ok", 2, 2)]
        row = setup.rows()[0]
        assert row["queueMs"] >= 200  # most of it the back-off
        named = row["queueMs"] + row["providerMs"] + row["startMs"] + row["overheadMs"]
        assert named == pytest.approx(row["totalMs"], abs=0.01)


async def test_speech_is_repeated_too(home: Home, tmp_path: Path) -> None:
    spec = {"models": [model("mouth:1")]}
    async with running(home, entry("mouth", spec, kind="tts")) as setup:
        speech = await setup.runtime.synthesize(
            SynthesizeRequest("hello", instructions=f"die {tmp_path / 'died'}"), CALLER
        )
        assert speech.audio and _outcomes(setup) == [("ok", 2, 2)]


async def test_the_second_crash_is_the_callers(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        with pytest.raises(errors.ProviderCrashed):
            await call(setup, recording, "die")
        assert _outcomes(setup) == [("error", 2, 2)]


async def test_a_crash_loop_is_not_fed(home: Home, recording: Path, tmp_path: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        supervisor = setup.registry.providers[0].supervisor
        supervisor._backoff._failures = 3
        with pytest.raises(errors.ProviderCrashed):
            await call(setup, recording, f"die {tmp_path / 'died'}")
        assert _outcomes(setup) == [("error", 1, 1)]
        assert supervisor.retry_after_ms > 1000


@pytest.mark.parametrize(
    ("error", "method", "begun", "spent_s", "again"),
    [
        (errors.ProviderCrashed("x"), "transcribe", None, 4.0, True),
        (errors.ProviderCrashed("x"), "synthesize", False, 4.0, True),
        (errors.ProviderCrashed("x"), "synthesize", True, 4.0, False),  # its listener has heard some of it
        (errors.ProviderCrashed("x"), "transcribe", None, 6.0, False),  # no time to do as much again
        (errors.ProviderCrashed("x"), "install", None, 4.0, False),
        (errors.ProviderBusy("x"), "transcribe", None, 9.0, True),
        (errors.ProviderTimeout("x"), "transcribe", None, 4.0, False),
        (errors.ProviderMisbehaved("x"), "transcribe", None, 4.0, False),
        (errors.ProviderFailed("x"), "transcribe", None, 4.0, False),
    ],
)
def test_what_may_be_let_in_another_time(
    error: errors.VoxError, method: str, begun: bool | None, spent_s: float, again: bool
) -> None:
    stream = None if begun is None else Streaming(lambda _: None, 1.0, 4.0, lambda: begun)
    assert _may_go_again(error, method, stream, spent_s, 10.0) == again


async def test_a_call_that_does_not_wait_is_not_repeated_during_the_back_off(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        request = TranscribeRequest(recording, prompt=f"die {tmp_path / 'died'}", max_wait_s=0)
        with pytest.raises(errors.ProviderCrashed):
            await setup.runtime.transcribe(request, CALLER)
        assert [(row["code"], row["generation"]) for row in setup.rows()] == [("provider_crashed", 1)]


async def test_the_line_outlives_a_crash(home: Home, recording: Path, tmp_path: Path) -> None:
    texts: list[str] = []

    async def say(word: str) -> None:
        texts.append(await call(setup, recording, f"say {word}"))

    async with running(home, entry("ear", ASR)) as setup, anyio.create_task_group() as tasks:
        limiter = setup.registry.providers[0].limiter
        gate = tmp_path / "gate"
        tasks.start_soon(call, setup, recording, f"gate {gate}")
        await until(lambda: limiter.snapshot().in_use == 1)
        tasks.start_soon(call, setup, recording, f"die {tmp_path / 'died'}")
        await until(lambda: limiter.snapshot().queued == 1)
        for word in ("one", "two", "three"):
            tasks.start_soon(say, word)
        await until(lambda: limiter.snapshot().queued == 4)
        gate.touch()
    assert sorted(texts) == ["one", "three", "two"]
    assert {row["outcome"] for row in setup.rows()} == {"ok"}
    assert setup.registry.providers[0].supervisor.generation == 2


async def test_an_install_is_never_repeated(home: Home, tmp_path: Path) -> None:
    async with running(home, entry("ear", {**ASR, "dies": ["install"]})) as setup:
        with pytest.raises(errors.ProviderCrashed):
            await setup.runtime.install("ear:1", lambda _: None)
        assert setup.registry.providers[0].supervisor.generation == 1


async def test_an_authors_call_is_never_repeated(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        provider = setup.registry.providers[0]
        with pytest.raises(errors.ProviderCrashed):
            await setup.runtime.raw_call(provider, "transcribe", {"modelId": "ear:1", "path": "x", "prompt": "die"})
        assert provider.supervisor.generation == 1


async def test_an_answer_without_what_it_needs_is_not_asked_for_again(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        with pytest.raises(errors.ProviderMisbehaved):
            await call(setup, recording, "nothing")
        assert _outcomes(setup) == [("error", 1, 1)]
