"""The memory that processes have held, their descendants with them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from vox.bench.memory import PeakMemory, _of_psutil

MIB = 1 << 20
HOLDER = "import sys; held = bytearray({size}); print('held', flush=True); {then}"
WAIT = "sys.stdin.readline()"


@contextmanager
def holding(size: int, then: str = WAIT) -> Iterator[subprocess.Popen[str]]:
    """A process that has told that it holds so many bytes."""
    command = [sys.executable, "-c", HOLDER.format(size=size, then=then)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
def test_what_is_free_again_counts() -> None:
    with holding(200 * MIB, f"del held; print('free', flush=True); {WAIT}") as process:
        assert process.stdout is not None and process.stdout.readline() == "free\n"
        with PeakMemory([process.pid]) as memory:
            pass
    assert 200 * MIB < (memory.peak_bytes or 0) < 300 * MIB


@linux
def test_descendants_count() -> None:
    child = HOLDER.format(size=150 * MIB, then=WAIT)
    then = (
        f"import subprocess; child = subprocess.Popen([sys.executable, '-c', {child!r}], stdin=subprocess.PIPE, "
        "stdout=subprocess.PIPE); child.stdout.readline(); print('both', flush=True); " + WAIT
    )
    with holding(100 * MIB, then) as process:
        assert process.stdout is not None and process.stdout.readline() == "both\n"
        with PeakMemory([process.pid]) as memory:
            pass
    assert (memory.peak_bytes or 0) > 250 * MIB


def test_as_the_library_tells() -> None:
    with holding(100 * MIB) as process, PeakMemory([process.pid], _of_psutil) as memory:
        pass
    assert (memory.peak_bytes or 0) > 100 * MIB


def test_the_sum_of_those_that_live_together() -> None:
    looks = iter([{1: 10, 2: 20}, {1: 15, 2: 5}, {1: 5, 3: 12}])
    memory = PeakMemory([1], lambda pid: next(looks))
    for _ in range(3):
        memory._sample()
    assert memory.peak_bytes == 35  # marks of 15 and 20; then 2 has ended, and 15 and 12 are less


def test_processes_that_are_not_there() -> None:
    for pids in ([], [2**22 + 1]):
        with PeakMemory(pids) as memory:
            pass
        assert memory.peak_bytes is None
