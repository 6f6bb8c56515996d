"""How long a short call waits while somebody else has a backlog of long ones on a provider that takes one at a time.

Times are scaled down: a long job works 200 ms, a short one 10 ms and comes every 170 ms or so. What counts is the wait
of the short one beside the time a single long one takes, which nobody can be spared: it is not interrupted.

    python -m benchmarks.fairness [--quick] [--json FILE]
"""

import random
import statistics

import anyio

from benchmarks.inside import MODEL, runtime_over
from benchmarks.report import Report, Row, figure, main
from vox.runtime.requests import Caller, SynthesizeRequest
from vox.runtime.runtime import Runtime
from vox.types import Priority

__all__ = ["measure"]

_LONG, _SHORT = "x" * 200, "x" * 10  # a millisecond of work for each character
_EVERY_S = 0.17  # beside 200 ms: a short one comes at any point of a long one
_QUEUE = {"max": 1000, "timeoutMs": 600_000}
_GOAL = 1.5


def measure(quick: bool = False) -> Report:
    """Run everything and compare."""
    jobs = 8 if quick else 200
    fair = anyio.run(_contest, jobs, "short")
    fewer, few = min(jobs, 75), min(jobs, 30)
    batch = anyio.run(_contest, fewer, "short", "batch")
    # Calls of one client are served as they come: what everybody would get without the rule.
    plain = anyio.run(_contest, few, "long")
    method = (
        f"{jobs} long jobs of one client wait at once on a provider with limit 1, while another client asks for a "
        f"short one every {_EVERY_S * 1000:.0f} ms; the 95th of 100 waits of the short ones, beside the longest time a "
        "single long job took."
    )
    rows = [
        _row("a short call's wait", "Vox", fair, _GOAL),
        _row(f"a short call's wait, {fewer} long ones being batch", "Vox", batch, _GOAL),
        _row(f"first come first served, {few} long ones", "Vox, one client for all", plain, None),
    ]
    return Report("fairness", "Fairness", method, rows)


async def _contest(jobs: int, name: str, priority: Priority = "interactive") -> tuple[float, float]:
    """Milliseconds: the 95th of 100 waits of the short calls, and the longest work on a long one."""
    waits: list[float] = []
    works: list[float] = []
    async with runtime_over("sleep", maxConcurrency=1, queue=_QUEUE) as runtime:
        await _call(runtime, _SHORT, Caller("warm"))
        async with anyio.create_task_group() as short:
            asking = anyio.CancelScope()

            async def wait() -> None:
                waits.append((await _call(runtime, _SHORT, Caller(name)))["queueMs"])

            async def keep_asking() -> None:
                pause = random.Random(7)
                with asking:
                    while True:
                        await anyio.sleep(_EVERY_S * pause.uniform(0.9, 1.1))
                        short.start_soon(wait)

            async def work() -> None:
                caller = Caller("long", priority=priority)
                works.append((await _call(runtime, _LONG, caller))["providerMs"])

            short.start_soon(keep_asking)
            async with anyio.create_task_group() as long:
                for _ in range(jobs):
                    long.start_soon(work)
            asking.cancel()
    return statistics.quantiles(waits, n=20)[-1], max(works)


async def _call(runtime: Runtime, text: str, caller: Caller) -> dict[str, float]:
    return (await runtime.synthesize(SynthesizeRequest(text, model=MODEL), caller)).metrics


def _row(what: str, subject: str, found: tuple[float, float], goal: float | None) -> Row:
    wait, work = found
    return Row(what, subject, figure(wait, "ms"), "the longest long job", figure(work, "ms"), wait / work, at_most=goal)


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
