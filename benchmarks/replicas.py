"""What a second process of one entry gains when the work is computation.

python -m benchmarks.replicas [--quick] [--json FILE]
"""

import statistics
import time
from contextlib import AsyncExitStack

import anyio

from benchmarks.inside import MODEL, runtime_over
from benchmarks.machine import cores
from benchmarks.report import Report, Row, figure, main, median_ratio
from vox.runtime.requests import Caller, SynthesizeRequest
from vox.runtime.runtime import Runtime

__all__ = ["measure"]

_TEXT = "x" * 60  # of computation for some 30 ms
_QUEUE = {"max": 1000, "timeoutMs": 600_000}
_GOAL = 1.8


def measure(quick: bool = False) -> Report:
    """Run everything and compare."""
    rounds, calls = (1, 10) if quick else (7, 60)
    title, what = "Replicas", "throughput of a provider that computes: times better"
    if len(cores()) < 2:
        row = Row(what, "2 replicas", "needs 2 cores", "1 replica", "", None, at_least=_GOAL)
        return Report("replicas", title, "Not measured: two processes need two cores.", [row])
    one, two = anyio.run(_measure, rounds, calls)
    method = (
        f"The same program, which computes in one thread, as one process and as two, each taking one call at a time; "
        f"{calls} calls at once, in turn, medians of {rounds} rounds on {len(cores())} cores."
    )
    mid = statistics.median
    row = Row(
        what,
        "2 replicas",
        figure(mid(two), "calls/s"),
        "1 replica",
        figure(mid(one), "calls/s"),
        median_ratio(two, one),
        at_least=_GOAL,
    )
    return Report("replicas", title, method, [row])


async def _measure(rounds: int, calls: int) -> tuple[list[float], list[float]]:
    """Calls a second of one process and of two, round by round."""
    async with AsyncExitStack() as stack:
        runtimes = [
            await stack.enter_async_context(runtime_over("compute", maxConcurrency=1, queue=_QUEUE, replicas=replicas))
            for replicas in (1, 2)
        ]
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + 1):
            for runtime, rates in zip(runtimes, taken, strict=True):
                rate = await _rate(runtime, calls if number else 4)  # the first round starts the processes
                if number:
                    rates.append(rate)
        return taken


async def _rate(runtime: Runtime, calls: int) -> float:
    begin = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for number in range(calls):
            tasks.start_soon(runtime.synthesize, SynthesizeRequest(_TEXT, model=MODEL), Caller(f"client{number % 4}"))
    return calls / (time.perf_counter() - begin)


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
