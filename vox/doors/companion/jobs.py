"""Jobs: work whose result is fetched later. They are few, they end in time, and they are forgotten."""

import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import anyio
from anyio.abc import TaskGroup

from vox.errors import NoRoom, VoxError
from vox.log import get_logger

__all__ = ["Job", "Jobs"]

MAX_UNFINISHED = 16
"""Jobs accepted and not yet done; what each waits for is bounded by the provider's queue."""

MAX_KEPT = 256
"""Jobs remembered at all; the oldest finished ones make room."""

KEPT_S = 3600.0
"""How long a finished job can be asked for."""

_log = get_logger()


@dataclass(slots=True)
class Job:
    """One piece of work. `owner` is the page that asked for it; None for a program."""

    id: str
    kind: str
    owner: str | None
    status: str = "accepted"
    result: dict[str, Any] | None = None
    error: VoxError | None = None
    ended: float | None = None

    def summary(self) -> dict[str, Any]:
        """What everybody may know of it."""
        return {"jobId": self.id, "type": self.kind, "status": self.status}

    def shape(self) -> dict[str, Any]:
        """As its owner reads it."""
        shape = self.summary()
        if self.result is not None:
            shape["result"] = self.result
        if self.error is not None:
            shape |= {"error": self.error.message, "errorInfo": self.error.info()}
        return shape


class Jobs:
    """The jobs there are.

    Args:
        tasks: Where they run; they outlive the requests that asked for them.
        tell: Told of every change of a job's status.
    """

    def __init__(
        self, tasks: TaskGroup, tell: Callable[[Job], None] = lambda _: None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._tasks, self._tell, self._now = tasks, tell, now
        self._jobs: dict[str, Job] = {}

    def check_room(self) -> None:
        """Say no before anything is uploaded in vain.

        Raises:
            NoRoom: There are as many unfinished jobs as there may be.
        """
        if sum(job.ended is None for job in self._jobs.values()) >= MAX_UNFINISHED:
            raise NoRoom(f"{MAX_UNFINISHED} jobs are not finished yet. Try again when one is.", retryAfterMs=1000)

    def begin(
        self, kind: str, owner: str | None, work: Callable[[], Awaitable[dict[str, Any]]], holding: AsyncExitStack
    ) -> Job:
        """Start a job.

        Args:
            holding: What it needs for as long as it runs; closed when it has ended, or at once when it cannot start.

        Raises:
            NoRoom: There are as many unfinished jobs as there may be.
        """
        self._forget()
        self.check_room()
        job = Job(f"job_{secrets.token_hex(16)}", kind, owner)
        self._jobs[job.id] = job
        self._tell(job)
        self._tasks.start_soon(self._run, job, work, holding)
        return job

    def summary(self) -> list[dict[str, Any]]:
        """The jobs remembered."""
        self._forget()
        return [job.summary() for job in self._jobs.values()]

    def find(self, number: str, owner: str | None) -> Job | None:
        """The job, if whoever asks may know of it."""
        self._forget()
        job = self._jobs.get(number)
        return job if job is not None and job.owner == owner else None

    async def _run(self, job: Job, work: Callable[[], Awaitable[dict[str, Any]]], holding: AsyncExitStack) -> None:
        try:
            self._become(job, "processing")
            job.result = await work()
        except VoxError as error:
            job.error = error
        except Exception as error:
            _log.exception("job.failed", job=job.id)
            job.error = VoxError(f"Vox failed: {type(error).__name__}. See the daemon's log.")
        finally:
            with anyio.CancelScope(shield=True):
                await holding.aclose()
        job.ended = self._now()
        self._become(job, "failed" if job.error is not None else "completed")

    def _become(self, job: Job, status: str) -> None:
        job.status = status
        self._tell(job)

    def _forget(self) -> None:
        """Finished jobs that are old, and then the oldest finished ones while there are too many."""
        ended = sorted((job for job in self._jobs.values() if job.ended is not None), key=lambda job: job.ended or 0.0)
        too_many = len(self._jobs) - MAX_KEPT + 1
        for place, job in enumerate(ended):
            if place < too_many or self._now() - (job.ended or 0.0) > KEPT_S:
                del self._jobs[job.id]
