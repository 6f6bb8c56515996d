"""What deciding about capacity costs: a call that goes through, and one that is refused.

python -m benchmarks.capacity [--quick] [--json FILE]
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio

from benchmarks.hosts.ours import Vox
from benchmarks.hosts.setting import make_child
from benchmarks.inside import MODEL, daemon_over
from benchmarks.report import Report, Row, figure, main, median_ratio

__all__ = ["measure"]

_IN_FLIGHT = 64
_WORK = "x" * 1000  # of sleeping for a second
_ADDED_GOAL = 2
_BUSY_GOAL_MS = 5.0


def measure(quick: bool = False) -> Report:
    """Run everything and compare."""
    rounds, calls, answers = (2, 200, 200) if quick else (9, 2000, 1000)
    with tempfile.TemporaryDirectory() as folder:
        child, language = make_child(Path(folder))
        bare, whole = anyio.run(_small_calls, child, rounds, calls)
    busy = anyio.run(_busy_answers, rounds, answers)
    worst = [statistics.quantiles(times, n=100)[-1] for times in busy]
    added = [ours - theirs for ours, theirs in zip(whole, bare, strict=True)]
    method = (
        f"Small calls one after another on a child written in {language}: on its process itself, and through route, "
        f"permit and telemetry as well; medians of {rounds} rounds in turn. Refusals: {rounds} times {answers} calls "
        f"through the daemon's socket, while {_IN_FLIGHT} calls are inside and as many wait, each followed by another "
        "when it ends."
    )
    rows = [
        Row(
            "one call: what the runtime adds",
            "route, permit, telemetry",
            figure(statistics.median(added), "µs"),
            "the call on the process",
            figure(statistics.median(bare), "µs"),
            median_ratio(added, bare),
            at_most=_ADDED_GOAL,
        ),
        _limit("a refusal: half of them within", statistics.median(map(statistics.median, busy))),
        _limit("a refusal: 99 of 100 within", statistics.median(worst), 1),
    ]
    return Report("capacity", "Capacity", method, rows)


def _limit(what: str, value: float, goal: float | None = None) -> Row:
    limit = figure(_BUSY_GOAL_MS, "ms")
    return Row(what, "Vox daemon", figure(value, "ms"), "the limit", limit, value / _BUSY_GOAL_MS, at_most=goal)


# ---- a call that goes through


async def _small_calls(child: list[str], rounds: int, calls: int) -> tuple[list[float], list[float]]:
    """Microseconds of a call on the process itself, and through the runtime, round by round."""
    vox = Vox()
    await vox.open(child)
    try:
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + 1):
            for call, times in zip((vox.unmanaged, vox.small), taken, strict=True):
                spent = await _median_us(call, calls)
                if number:
                    times.append(spent)
        return taken
    finally:
        await vox.close()


async def _median_us(call: Callable[[], Awaitable[Any]], calls: int) -> float:
    times: list[int] = []
    for _ in range(calls):
        begin = time.perf_counter_ns()
        await call()
        times.append(time.perf_counter_ns() - begin)
    return statistics.median(times) / 1e3


# ---- a call that is refused


async def _busy_answers(rounds: int, answers: int) -> list[list[float]]:
    """Milliseconds of each refusal, round by round."""
    with daemon_over("sleep", maxConcurrency=_IN_FLIGHT, queue={"max": _IN_FLIGHT}) as path:
        async with asyncio.timeout(120):
            load, probe = await _connect(path), await _connect(path)
            async with anyio.create_task_group() as tasks:
                for number in range(2 * _IN_FLIGHT):
                    load.send(number, "synthesize.generate", text=_WORK, modelId=MODEL)
                tasks.start_soon(load.repeat, "synthesize.generate", {"text": _WORK, "modelId": MODEL})
                while (await _status(probe))["queued"] < _IN_FLIGHT:
                    await anyio.sleep(0.01)
                times = [[await _refusal_ms(probe) for _ in range(answers)] for _ in range(rounds)]
                tasks.cancel_scope.cancel()
            for connection in (load, probe):
                connection.close()
    return times


async def _status(probe: "_Connection") -> dict[str, Any]:
    providers = (await probe.call("providers.status"))["result"]["providers"]
    return next(status for status in providers if status["id"] == "bench")


async def _refusal_ms(probe: "_Connection") -> float:
    """Of the next call that is refused: now and then one finds a place that has just become free, and is cancelled."""
    while True:
        begin = time.perf_counter_ns()
        answer = await probe.call("synthesize.generate", text=_WORK, modelId=MODEL, maxWaitMs=0)
        took = time.perf_counter_ns() - begin
        if "error" in answer:
            assert answer["errorInfo"]["code"] == "provider_busy", answer
            return took / 1e6


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, number: int, method: str, **params: Any) -> None:
        """Send a request."""
        frame = {"id": number, "method": method, "params": params}
        self._writer.write(json.dumps(frame).encode("utf-8") + b"\n")

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer of a request, with nothing else under way."""
        self.send(0, method, **params)
        return json.loads(await self._reader.readline())

    async def repeat(self, method: str, params: dict[str, Any]) -> None:
        """Make a call anew whenever one ends."""
        while line := await self._reader.readline():
            self.send(json.loads(line)["id"], method, **params)

    def close(self) -> None:
        """Close the socket; the daemon cancels what is under way."""
        self._writer.close()


async def _connect(path: str) -> _Connection:
    return _Connection(*await asyncio.open_unix_connection(path, limit=1 << 20))


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
