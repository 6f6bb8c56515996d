"""A provider that is started a thousand times, and ends in every way: nothing of it is left, whatever way that was."""

import asyncio
import os
import signal
from pathlib import Path

import anyio
import pytest

from tests.host.conftest import gone
from tests.processes import descriptors, group_alive, marked, resident, zombies
from vox.host.command import child_environment
from vox.host.job import make_watcher
from vox.host.supervisor import ProviderSpec, Supervisor

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]

RESTARTS = 1000
WARM = 50

# It answers the first request, leaves a child behind that holds its pipes, and reads until its input ends.
PROGRAM = """
read -r request
echo '{"jsonrpc":"2.0","id":1,"result":{"models":[]}}'
sleep 600 &
while read -r request; do :; done
"""


class Days:
    """A clock on which each look is a day later: no end is early, so that nothing backs off."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 86_400
        return self.now


async def end_by_crash(supervisor: Supervisor) -> None:
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    await gone(lambda: supervisor.running is None)


async def end_while_stopped(supervisor: Supervisor) -> None:
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGSTOP)
    await supervisor.replace()


async def end_by_replacement(supervisor: Supervisor) -> None:
    await supervisor.replace()


async def end_in_good_order(supervisor: Supervisor) -> None:
    await supervisor.stop()


async def test_a_thousand_restarts_leave_no_process_no_descriptor_and_no_memory(tmp_path: Path) -> None:
    environment = child_environment({"MARK": str(tmp_path)})
    spec = ProviderSpec("sh", ("/bin/sh", "-c", PROGRAM), environment, tmp_path)
    ways = (end_by_crash, end_by_replacement, end_while_stopped, end_in_good_order)
    watcher, groups, dead = make_watcher(), set[int](), zombies()
    async with anyio.create_task_group() as tasks:
        supervisor = Supervisor(spec, tasks=tasks, watcher=watcher, stderr=lambda _: None, clock=Days())
        before = memory = running = 0
        for number in range(WARM + RESTARTS):
            if number == WARM:
                await gone(lambda: not marked(tmp_path))
                before, memory, running = descriptors(), resident(), len(asyncio.all_tasks())
            groups.add((await supervisor.ensure()).pid)
            await ways[number % len(ways)](supervisor)
        assert supervisor.generation == WARM + RESTARTS
        await gone(lambda: not marked(tmp_path) and zombies() == dead)
        await gone(lambda: len(asyncio.all_tasks()) <= running)
        assert descriptors() <= before
        assert resident() - memory < 2 << 20
        assert not any(map(group_alive, sorted(groups)[-20:]))
        watcher.close()
        tasks.cancel_scope.cancel()
