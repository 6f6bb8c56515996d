"""Supervisors over real child processes, and proof that none of them is left."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from tests.processes import group_alive
from vox.host.command import child_environment
from vox.host.job import make_watcher
from vox.host.supervisor import ProviderSpec, Supervisor

BAD = Path(__file__).parent.parent / "bad_providers" / "bad.py"


@asynccontextmanager
async def supervised(how: str, **options: object) -> AsyncIterator[Supervisor]:
    """A supervisor of `bad.py HOW`; afterwards nothing of its process group is alive."""
    spec = ProviderSpec("bad", (sys.executable, str(BAD), how), child_environment({}), BAD.parent, **options)  # type: ignore[arg-type]
    watcher = make_watcher()
    said: list[bytes] = []
    async with anyio.create_task_group() as tasks:
        supervisor = Supervisor(spec, tasks=tasks, watcher=watcher, stderr=said.append)
        try:
            yield supervisor
        finally:
            pid = supervisor.pid
            await supervisor.stop()
            watcher.close()
            tasks.cancel_scope.cancel()
    if pid is not None:
        await gone(lambda: not group_alive(pid))


async def gone(condition: Callable[[], bool]) -> None:
    """Wait, within bounds, for what another process does."""
    with anyio.fail_after(8):
        while not condition():
            await anyio.sleep(0.01)
