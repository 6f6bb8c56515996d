"""Starts that fail late, and starts for nobody in particular."""

import sys
from typing import Any

import anyio
import pytest

from tests.host.conftest import BAD, gone, supervised
from vox import errors
from vox.host.command import child_environment
from vox.host.supervisor import ProviderSpec, Supervisor
from vox.host.transport import open_transport

pytestmark = pytest.mark.anyio


class Clock:
    """Seconds that pass only by `+=`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_start_that_fails_late_is_no_sign_of_health() -> None:
    clock = Clock()

    async def open_slowly(*given: Any) -> Any:
        clock.now += 60.0
        return await open_transport(*given)

    async with supervised("good") as other, anyio.create_task_group() as tasks:
        spec = ProviderSpec("late", (sys.executable, str(BAD), "dies_at_start"), child_environment({}), BAD.parent)
        supervisor = Supervisor(
            spec, tasks=tasks, watcher=other._watcher, stderr=lambda _: None, clock=clock, open_child=open_slowly
        )
        for wait_ms in (250, 500):
            with pytest.raises(errors.ProviderUnavailable):
                await supervisor.ensure()
            assert (supervisor.state, supervisor.retry_after_ms) == ("backing_off", wait_ms)
            clock.now += wait_ms / 1000
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(("how", "state"), [("good", "ready"), ("dies_at_start", "backing_off")])
async def test_a_start_for_whoever_comes_tells_when_it_is_over(how: str, state: str) -> None:
    async with supervised(how) as supervisor:
        states: list[str] = []
        supervisor.on_start_over = lambda: states.append(supervisor.state)
        supervisor.begin()
        supervisor.begin()
        assert supervisor.state == "starting"
        await gone(lambda: bool(states))
        assert (states, supervisor.generation) == ([state], 1)
        if how == "good":
            supervisor.begin()
            assert supervisor.state == "ready"


async def test_a_call_in_the_very_moment_of_a_crash_finds_it_noted() -> None:
    async with supervised("good") as supervisor:
        process = await supervisor.ensure()
        process.on_exit(-9)  # whoever is to note it has its turn after this task
        with pytest.raises(errors.ProviderUnavailable, match="ended by signal 9"):
            await supervisor.ensure()
        assert supervisor.state == "backing_off"
        await gone(lambda: process.transport.process.returncode is not None)
