"""The most memory that processes and their descendants have held.

On Linux the kernel keeps the mark of each process (`VmHWM` in /proc/PID/status); descendants that end before the others
are looked at while they run. Elsewhere psutil tells what is held at each look, if it is installed.
"""

import contextlib
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

__all__ = ["PeakMemory"]

_LOOK_EVERY_S = 0.1  # a look takes a fraction of a millisecond

_KIB = 1024


class _Look(Protocol):
    def __call__(self, pid: int) -> dict[int, int]:
        """Bytes by pid, of a process and its descendants; empty where it is gone."""
        ...


class PeakMemory:
    """Watches processes while its context lasts.

    Args:
        pids: Of the processes; their descendants count too.
    """

    def __init__(self, pids: Iterable[int], look: _Look | None = None) -> None:
        self._pids, self._look = tuple(pids), look or _how_to_look()
        self._seen: dict[int, int] = {}
        self._peak = 0
        self._over = threading.Event()

    def __enter__(self) -> "PeakMemory":
        if self._look is not None and self._pids:
            self._watcher = threading.Thread(target=self._watch, name="peak-memory", daemon=True)
            self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._look is not None and self._pids:
            self._over.set()
            self._watcher.join()

    @property
    def peak_bytes(self) -> int | None:
        """The sum over the processes that lived at the same time; None where it cannot be known."""
        return self._peak or None

    def _watch(self) -> None:
        while True:
            over = self._over.wait(_LOOK_EVERY_S)
            self._sample()
            if over:
                return

    def _sample(self) -> None:
        assert self._look is not None
        living: dict[int, int] = {}
        for pid in self._pids:
            living.update(self._look(pid))
        self._seen = {pid: max(size, self._seen.get(pid, 0)) for pid, size in living.items()}
        self._peak = max(self._peak, sum(self._seen.values()))


def _how_to_look() -> _Look | None:
    if sys.platform == "linux":
        return _of_proc
    try:
        import psutil  # pyright: ignore[reportUnusedImport]  # noqa: F401
    except ImportError:
        return None
    return _of_psutil


def _of_proc(pid: int) -> dict[int, int]:
    found: dict[int, int] = {}
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        folder = Path("/proc", str(one))
        with contextlib.suppress(OSError, ValueError):  # it ended meanwhile
            status = (folder / "status").read_text(encoding="utf-8", errors="replace")
            found[one] = _high_water_mark(status)
            for children in folder.glob("task/*/children"):
                waiting += [int(child) for child in children.read_text(encoding="ascii").split() if child.isdecimal()]
    return found


def _high_water_mark(status: str) -> int:
    """Bytes. A process that has ended and waits to be collected has no mark any more."""
    marks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(marks[0]) * _KIB if marks else 0


def _of_psutil(pid: int) -> dict[int, int]:
    import psutil

    found: dict[int, int] = {}
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                held = process.memory_info()
                found[process.pid] = int(getattr(held, "peak_wset", held.rss))  # Windows keeps a mark, too
    return found
