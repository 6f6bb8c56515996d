"""Permits that nobody would give back: calls that were given up while their provider hangs."""

from pathlib import Path

import anyio
import pytest

from tests.runtime.conftest import CALLER, Setup, entry, model, running, until
from vox import errors
from vox.paths import Home
from vox.runtime.requests import TranscribeRequest

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


async def test_an_authors_call_that_is_never_answered_costs_nobody_else(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR, timeouts={"preloadMs": 150})) as setup:
        provider = setup.registry.providers[0]
        with pytest.raises(errors.ProviderTimeout):
            await setup.runtime.raw_call(provider, "no.such.method", {})
        assert await call(setup, recording) == "hello world"
