"""Times of whole processes, taken in turn."""

import os
import random
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["first_answer_ms", "interleaved", "run_ms", "status_kib"]

_LIMIT_S = 60


def interleaved(measures: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Every measure once per round, in shuffled order, after one round that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in measures}
    order = list(measures)
    for number in range(rounds + 1):
        random.Random(number).shuffle(order)
        for name in order:
            value = measures[name]()
            if number:
                taken[name].append(value)
    return taken


def run_ms(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Milliseconds of a whole process, which must end well."""
    begin = time.perf_counter()
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=_LIMIT_S, check=False
    )
    took = (time.perf_counter() - begin) * 1000
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr.decode('utf-8', 'replace')}")
    return took


def first_answer_ms(command: Sequence[str], request: bytes) -> float:
    """Milliseconds from the start of a process to its first line, after `request` was written to it."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert child.stdin is not None and child.stdout is not None
    with child.stdin, child.stdout:
        os.write(child.stdin.fileno(), request)
        line = child.stdout.readline()
        took = (time.perf_counter() - begin) * 1000
    child.wait(_LIMIT_S)
    if not line.endswith(b"\n"):
        raise RuntimeError(f"{command} said nothing")
    return took


def status_kib(pid: int, field: str) -> int:
    """A number of /proc/PID/status, summed over the process's threads for the counts of context switches."""
    tasks = [Path(f"/proc/{pid}/task/{task}/status") for task in os.listdir(f"/proc/{pid}/task")]
    files = tasks if field.endswith("switches") else [Path(f"/proc/{pid}/status")]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith(field + ":"))
