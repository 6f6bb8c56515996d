"""One host in a process of its own, measured on request.

Its imports, its memory and its processor are its own, so that hosts do not disturb each other; the coordinator asks
one worker at a time. Commands are lines of JSON on stdin, answers on stdout.

Run as `python -m benchmarks.hosts.worker HOST CORE COMMAND…`; CORE is -1 to leave the choice to the system.
"""

import asyncio
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.hosts.base import PATH, Host

_WARM = 0.2  # of the calls are made before those that count
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def main() -> None:
    """Serve measurements of the host named on the command line."""
    name, core, *command = sys.argv[1:]
    if int(core) >= 0:
        os.sched_setaffinity(0, {int(core)})  # the child inherits it
    commands, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    run = _uvloop_runner() if name.endswith("-uvloop") else asyncio.run
    run(_serve(_hosts()[name.removesuffix("-uvloop")], command, commands, answers))


async def _serve(make: Callable[[], Host], command: list[str], commands: Any, answers: Any) -> None:
    worker = _Worker(make, command)
    try:
        await worker.begin()
        gc.collect()
        gc.freeze()  # as the daemon does once it is ready; the other hosts gain by it as well
        answers.write(b"{}\n")
        answers.flush()
        while line := await asyncio.to_thread(commands.readline):
            asked = json.loads(line)
            result = await getattr(worker, asked.pop("measure"))(**asked)
            answers.write(json.dumps(result).encode("utf-8") + b"\n")
            answers.flush()
    finally:
        await worker.end()


class _Worker:
    """The measurements. Each returns plain numbers."""

    def __init__(self, make: Callable[[], Host], command: list[str]) -> None:
        self._make, self._command = make, command
        self._hosts: list[Host] = []
        self._memory: dict[str, float] = {}

    async def begin(self) -> None:
        """Start the host and see that it answers correctly."""
        await self._another()

    async def end(self) -> None:
        """Close everything, the last opened first."""
        while self._hosts:
            await self._hosts.pop().close()

    async def latency(self, calls: int) -> dict[str, float]:
        """One call in flight: the median in µs, and what the process itself computed a call."""
        call: Callable[[], Awaitable[Any]] = getattr(self._hosts[0], "bare", self._hosts[0].small)
        for _ in range(round(calls * _WARM)):
            await call()
        gc.collect()
        times, clock = [0] * calls, time.perf_counter_ns
        spent = time.process_time_ns()
        for index in range(calls):
            begin = clock()
            await call()
            times[index] = clock() - begin
        spent = time.process_time_ns() - spent
        return {"us": statistics.median(times) / 1e3, "cpu_us": spent / calls / 1e3}

    async def throughput(self, calls: int, in_flight: int) -> dict[str, float]:
        """Calls a second with so many in flight."""
        host = self._hosts[0]
        calls -= calls % in_flight
        await host.many(in_flight * 4, in_flight)
        gc.collect()
        begin = time.perf_counter_ns()
        await host.many(calls, in_flight)
        return {"per_second": calls / (time.perf_counter_ns() - begin) * 1e9}

    async def large(self, size: int, answers: int) -> dict[str, float]:
        """A large answer to bytes: the median in ms. And memory in MiB, measured the first time and repeated later: how
        far it rose above what it was before there was any large answer, and what of that stayed."""
        host = self._hosts[0]
        gc.collect()
        before = _memory_mib("VmRSS")
        _forget_peak()
        assert len(await host.large(size)) >= size
        times: list[int] = []
        for _ in range(answers):
            begin = time.perf_counter_ns()
            audio = await host.large(size)
            times.append(time.perf_counter_ns() - begin)
            del audio
        if not self._memory:
            gc.collect()
            self._memory = {"extra_mib": _memory_mib("VmHWM") - before, "kept_mib": _memory_mib("VmRSS") - before}
        return {"ms": statistics.median(times) / 1e6, **self._memory}

    async def stall(self, size: int, answers: int) -> dict[str, float]:
        """Small calls beside a stream of large answers of a second child: the longest and the 99th of 100, in ms."""
        if len(self._hosts) < 2:
            await self._another()
            await self._hosts[1].large(size)
        small, large = self._hosts
        done = False

        async def stream() -> None:
            nonlocal done
            for _ in range(answers):
                await large.large(size)
            done = True

        times: list[int] = []
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stream())
            while not done:
                begin = time.perf_counter_ns()
                await small.small()
                times.append(time.perf_counter_ns() - begin)
        times.sort()
        return {"ms": times[-1] / 1e6, "p99_ms": times[int(len(times) * 0.99)] / 1e6, "calls": len(times)}

    async def growth(self, calls: int) -> dict[str, float]:
        """How much memory so many calls leave behind, in KiB."""
        host = self._hosts[0]
        await host.many(calls // 5, 20)
        gc.collect()
        before = _memory_mib("VmRSS")
        await host.many(calls, 20)
        gc.collect()
        return {"kib": (_memory_mib("VmRSS") - before) * 1024}

    async def _another(self) -> None:
        host = self._make()
        await host.open(self._command)
        self._hosts.append(host)
        text = await host.small()
        if text != PATH:
            raise AssertionError(f"the host lost the answer: {text!r}")


def _hosts() -> dict[str, Callable[[], Host]]:
    def ours() -> Host:
        from benchmarks.hosts.ours import Vox

        return Vox()

    def mcp() -> Host:
        from benchmarks.hosts.mcp_sdk import McpSdk

        return McpSdk()

    from benchmarks.hosts.raw import LoopPipe, RawPipe

    return {"raw": RawPipe, "loop": LoopPipe, "vox": ours, "mcp": mcp}


def _uvloop_runner() -> Callable[[Any], Any]:
    import uvloop

    return uvloop.run


def _memory_mib(field: str) -> float:
    """`VmRSS` now or `VmHWM` at its highest; NaN where the system does not tell."""
    if not _STATUS.exists():
        return float("nan")
    line = next(line for line in _STATUS.read_text(encoding="utf-8").splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def _forget_peak() -> None:
    if _CLEAR.exists():
        _CLEAR.write_text("5", encoding="ascii")  # sets VmHWM back to what is in use now


if __name__ == "__main__":
    main()
