"""A provider that takes its time to start, and callers and daemons that do not wait for it."""

import os
from pathlib import Path

import anyio
import pytest

from tests.runtime.conftest import CALLER, Setup, alive, entry, model, running, until
from vox import errors
from vox.paths import Home
from vox.runtime.requests import SynthesizeRequest

pytestmark = pytest.mark.anyio


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    folder = tmp_path / "pids"
    folder.mkdir()
    return folder


def slow(pids: Path, **fields: object) -> object:
    spec = {"models": [model("mouth:1")], "gate": str(pids.parent / "gate"), "pids": str(pids)}
    return entry("mouth", spec, kind="tts", models=["mouth:1"], **fields)


async def call(setup: Setup) -> None:
    await setup.runtime.synthesize(SynthesizeRequest("hello", model="mouth:1"), CALLER)


async def test_a_caller_that_leaves_does_not_undo_the_start(home: Home, pids: Path) -> None:
    async with running(home, slow(pids)) as setup:
        for _ in range(3):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call, setup)
                await until(lambda: bool(os.listdir(pids)))
                tasks.cancel_scope.cancel()
        assert setup.registry.providers[0].supervisor.state == "starting"
        (pids.parent / "gate").touch()
        await call(setup)
        assert len(os.listdir(pids)) == 1
        assert setup.pid("mouth") == int(os.listdir(pids)[0])


async def test_a_caller_that_leaves_takes_nobody_along(home: Home, pids: Path) -> None:
    async with running(home, slow(pids)) as setup:
        served: list[bool] = []

        async def stay() -> None:
            await call(setup)
            served.append(True)

        async with anyio.create_task_group() as outer:
            async with anyio.create_task_group() as leaves:
                leaves.start_soon(call, setup)
                await until(lambda: bool(os.listdir(pids)))
                outer.start_soon(stay)
                await anyio.wait_all_tasks_blocked()
                leaves.cancel_scope.cancel()
            (pids.parent / "gate").touch()
        assert served and len(os.listdir(pids)) == 1


async def test_a_stop_in_the_middle_of_a_start_leaves_nothing(home: Home, pids: Path) -> None:
    refused: list[str] = []

    async def waits(setup: Setup) -> None:
        try:
            await call(setup)
        except errors.ProviderUnavailable as error:
            refused.append(error.message)

    async with running(home, slow(pids)) as setup, anyio.create_task_group() as tasks:
        tasks.start_soon(waits, setup)
        await until(lambda: bool(os.listdir(pids)))
        with anyio.fail_after(5):
            await setup.registry.stop()
    assert len(refused) == 1
    pid = int(os.listdir(pids)[0])
    await until(lambda: not alive(pid))


async def test_a_runtime_that_ends_in_the_middle_of_a_start_leaves_nothing(home: Home, pids: Path) -> None:
    async with running(home, slow(pids)) as setup, anyio.create_task_group() as tasks:
        tasks.start_soon(call, setup)
        await until(lambda: bool(os.listdir(pids)))
        tasks.cancel_scope.cancel()
    pid = int(os.listdir(pids)[0])
    await until(lambda: not alive(pid))


async def test_a_start_that_fails_is_told_to_all_who_wait_and_tried_again_by_the_next(home: Home, pids: Path) -> None:
    told: list[str] = []

    async def waits(setup: Setup) -> None:
        with pytest.raises(errors.ProviderUnavailable) as caught:
            await call(setup)
        told.append(caught.value.message)

    async with running(home, slow(pids, timeouts={"startMs": 150})) as setup:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(waits, setup)
        assert len(told) == 3 and len(os.listdir(pids)) == 1
        assert all("no answer to models" in message for message in told)
        (pids.parent / "gate").touch()
        await until(lambda: setup.registry.providers[0].supervisor.state == "stopped")
        await call(setup)
