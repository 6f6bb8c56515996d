"""A provider that says it is full is believed: the call goes back to the head of the line, and its time goes on."""

from pathlib import Path
from time import monotonic
from typing import Any

import anyio
import pytest

from tests.runtime.conftest import CALLER, Setup, entry, model, running, until
from vox import errors
from vox.paths import Home
from vox.runtime.requests import TranscribeRequest

pytestmark = pytest.mark.anyio

ASR = {"models": [model("ear:1")]}


async def ask(setup: Setup, recording: Path, order: str, **fields: Any) -> str:
    return (await setup.runtime.transcribe(TranscribeRequest(recording, prompt=order, **fields), CALLER)).text


async def test_it_is_tried_again_when_the_provider_said(home: Home, recording: Path, tmp_path: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        await ask(setup, recording, "")
        begin = monotonic()
        assert await ask(setup, recording, f"once {tmp_path / 'made'} 80") == "hello world"
        assert 0.08 <= monotonic() - begin < 5
    row = setup.rows()[-1]
    assert (row["outcome"], row["attempt"], row["replica"]) == ("ok", 2, 0)
    assert 75 <= row["queueMs"] <= row["totalMs"] and row["providerMs"] < row["totalMs"] - 75


async def test_a_call_that_ends_makes_room_sooner(home: Home, recording: Path, tmp_path: Path) -> None:
    gate, made, order = tmp_path / "gate", tmp_path / "made", list[str]()
    async with running(home, entry("ear", ASR, maxConcurrency=2)) as setup, anyio.create_task_group() as tasks:
        limiter = setup.registry.providers[0].limiter

        async def call(name: str, wanted: str) -> None:
            await ask(setup, recording, wanted)
            order.append(name)

        tasks.start_soon(call, "first", f"gate {gate}")
        await until(lambda: limiter.snapshot().in_use == 1)
        tasks.start_soon(call, "back", f"once {made} 3600000")
        await until(lambda: made.exists() and limiter.snapshot().queued == 1)
        tasks.start_soon(call, "later", "")
        await until(lambda: limiter.snapshot().queued == 2)  # although there is room: the provider said no
        assert limiter.snapshot().in_use == 1
        gate.touch()
        await until(lambda: len(order) == 3)
    assert set(order[:2]) == {"first", "back"} or order[0] == "first"


async def test_the_one_that_was_sent_back_goes_before_those_who_came_later(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    order: list[str] = []
    async with running(home, entry("ear", ASR)) as setup, anyio.create_task_group() as tasks:
        limiter, made = setup.registry.providers[0].limiter, tmp_path / "made"

        async def call(name: str, wanted: str) -> None:
            await ask(setup, recording, wanted)
            order.append(name)

        await ask(setup, recording, "")
        tasks.start_soon(call, "back", f"once {made} 300")
        await until(lambda: made.exists() and limiter.snapshot().queued == 1)
        for name in ("second", "third"):
            tasks.start_soon(call, name, "")
        await until(lambda: limiter.snapshot().queued == 3)
        await until(lambda: len(order) == 3)
    assert order[0] == "back"


async def test_when_its_time_is_over_the_providers_own_refusal_is_told(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR, queue={"timeoutMs": 250})) as setup:
        with pytest.raises(errors.ProviderBusy, match="full") as caught:
            await ask(setup, recording, "busy")
        assert caught.value.details["retryAfterMs"] == 70 and caught.value.details["waitedMs"] >= 250
        with pytest.raises(errors.ProviderBusy, match="full"):
            await ask(setup, recording, "busy", max_wait_s=0)
        assert await ask(setup, recording, "") == "hello world"
    first, second, _ = setup.rows()
    assert first["code"] == second["code"] == "provider_busy"
    assert first["attempt"] >= 2 and second["attempt"] == 1


async def test_another_process_that_is_not_full_takes_it(home: Home, recording: Path, tmp_path: Path) -> None:
    async with running(home, entry("ear", ASR, replicas=2)) as setup:
        with anyio.fail_after(10):
            assert await ask(setup, recording, f"once {tmp_path / 'made'} 3600000") == "hello world"
        row = setup.rows()[-1]
        assert (row["replica"], row["attempt"]) == (1, 2)


async def test_an_author_sees_what_the_provider_answered(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        params = {"modelId": "ear:1", "path": str(recording), "prompt": "busy"}
        with anyio.fail_after(5), pytest.raises(errors.ProviderBusy):
            await setup.runtime.raw_call(setup.registry.providers[0], "transcribe", params)


async def test_busy_answers_do_not_make_the_service_look_quick(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        limiter = setup.registry.providers[0].limiter
        with pytest.raises(errors.ProviderBusy):
            await ask(setup, recording, "busy", max_wait_s=0)
        assert limiter.snapshot().service_ms is None


async def test_giving_up_while_sent_back_leaves_nothing_behind(home: Home, recording: Path, tmp_path: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        limiter, made = setup.registry.providers[0].limiter, tmp_path / "made"
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, setup, recording, f"once {made} 3600000")
            await until(lambda: made.exists() and limiter.snapshot().queued == 1)
            tasks.cancel_scope.cancel()
        assert (limiter.snapshot().in_use, limiter.snapshot().queued) == (0, 0)
