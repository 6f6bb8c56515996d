"""Jobs are few, end in time, and are forgotten."""

from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest

from vox.doors.companion.jobs import KEPT_S, MAX_KEPT, MAX_UNFINISHED, Job, Jobs
from vox.errors import InvalidRequest, NoRoom

pytestmark = pytest.mark.anyio


async def nothing() -> dict[str, Any]:
    return {}


async def test_a_job_from_beginning_to_end() -> None:
    told: list[str] = []
    held = AsyncExitStack()
    closed: list[bool] = []
    held.callback(closed.append, True)

    async def work() -> dict[str, Any]:
        assert not closed
        return {"alignment": 1}

    async with anyio.create_task_group() as tasks:
        jobs = Jobs(tasks, lambda job: told.append(job.status))
        job = jobs.begin("alignment", "https://a.example", work, held)
        assert job.shape() == {"jobId": job.id, "type": "alignment", "status": "accepted"}
    assert told == ["accepted", "processing", "completed"] and closed
    assert job.shape() == {**job.summary(), "result": {"alignment": 1}}
    assert jobs.find(job.id, "https://a.example") is job
    assert jobs.find(job.id, None) is None and jobs.find("job_x", "https://a.example") is None


@pytest.mark.parametrize(
    ("error", "said"),
    [(InvalidRequest("Bad."), "Bad."), (KeyError("x"), "Vox failed: KeyError. See the daemon's log.")],
)
async def test_a_job_that_fails(error: Exception, said: str) -> None:
    async def work() -> dict[str, Any]:
        raise error

    async with anyio.create_task_group() as tasks:
        job = Jobs(tasks).begin("alignment", None, work, AsyncExitStack())
    assert (job.status, job.shape()["error"]) == ("failed", said)


async def test_there_is_a_bound_to_what_is_unfinished() -> None:
    async def hang() -> dict[str, Any]:
        return await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        jobs = Jobs(tasks)
        for _ in range(MAX_UNFINISHED):
            jobs.begin("alignment", None, hang, AsyncExitStack())
        with pytest.raises(NoRoom):
            jobs.check_room()
        with pytest.raises(NoRoom):
            jobs.begin("alignment", None, hang, AsyncExitStack())
        tasks.cancel_scope.cancel()


async def test_old_jobs_are_forgotten() -> None:
    now = [0.0]
    async with anyio.create_task_group() as tasks:
        jobs = Jobs(tasks, now=lambda: now[0])
        job = jobs.begin("alignment", None, nothing, AsyncExitStack())
    now[0] = KEPT_S
    assert jobs.find(job.id, None) is job
    now[0] = KEPT_S + 1
    assert jobs.find(job.id, None) is None


async def test_there_is_a_bound_to_what_is_remembered() -> None:
    made: list[Job] = []
    async with anyio.create_task_group() as tasks:
        jobs = Jobs(tasks)
        for _ in range(MAX_KEPT + 10):
            made.append(jobs.begin("alignment", None, nothing, AsyncExitStack()))
            while made[-1].ended is None:
                await anyio.lowlevel.checkpoint()
    assert len(jobs.summary()) <= MAX_KEPT
    assert jobs.find(made[0].id, None) is None and jobs.find(made[-1].id, None) is made[-1]
