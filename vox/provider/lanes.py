"""Where requests wait for a thread: one bounded line for each kind of work.

Built on `_thread`, the documented base of `threading`, because importing the latter is a tenth of a provider's start.
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from vox.provider.call import Call

try:
    from _queue import SimpleQueue
except ImportError:  # an interpreter that has it in Python
    from queue import SimpleQueue

__all__ = ["Job", "Lane"]

MAX_WAITING = 64  # requests of one lane; Vox never sends more than the limit, so this many mean a broken sender


class Job:
    """A request with an id, from arrival to answer."""

    __slots__ = ("_lock", "_settled", "call", "id")

    def __init__(self, number: Any, call: Call) -> None:
        self.id = number
        self.call = call
        self._lock = allocate_lock()
        self._settled = False

    def settle(self) -> bool:
        """Take the right to answer; the first who asks gets it."""
        with self._lock:
            first, self._settled = not self._settled, True
        return first


class Lane:
    """Runs `work` on its jobs in order of arrival, on at most `threads` threads that start when there is work."""

    def __init__(self, threads: int, work: Callable[[Job], None]) -> None:
        self._threads = threads
        self._started = 0
        self._work = work
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = allocate_lock()
        self._idle = 0
        self.running = 0
        """How many jobs are being worked on."""

    @property
    def full(self) -> bool:
        """Whether another job would be one too many."""
        return self._jobs.qsize() >= MAX_WAITING

    def put(self, job: Job) -> None:
        """Add a job to the line."""
        with self._lock:
            start = self._threads > 0 and self._idle <= self._jobs.qsize()
            self._threads -= start
            self._started += start
        self._jobs.put(job)
        if start:
            start_new_thread(self._run, ())

    def close(self) -> None:
        """End the threads once the line is empty.

        The interpreter's exit waits for the thread that imported `threading` first, which here is often one of these:
        engine libraries import it.
        """
        for _ in range(self._started):
            self._jobs.put(None)

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            job = self._jobs.get()
            if job is None:
                return
            with self._lock:
                self._idle -= 1
                self.running += 1
            try:
                self._work(job)
            finally:
                with self._lock:
                    self.running -= 1
