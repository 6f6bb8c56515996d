"""What the provider host costs, beside the bare pipe and beside the MCP Python SDK's stdio client.

Every host runs in a process of its own and talks to the same child; the hosts are measured in turn, in shuffled order,
round after round, and each ratio is taken within its round.

    python -m benchmarks.host [--quick] [--json FILE]
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.hosts.setting import MCP_VERSION, make_child, mcp_python
from benchmarks.machine import cores
from benchmarks.report import Report, Row, figure, main, median_ratio

__all__ = ["measure"]

_ROOT = Path(__file__).parent.parent
_SIZE = 10 << 20  # bytes of audio in a large answer: about 3.6 minutes at 24 kHz
_MIB = _SIZE / (1 << 20)

_Figures = dict[str, dict[str, list[dict[str, float]]]]  # host → measurement → one dict per round

_NAMES = {
    "raw": "raw pipe",
    "loop": "raw pipe on asyncio",
    "loop-uvloop": "raw pipe on uvloop",
    "vox": "Vox host, asyncio",
    "vox-uvloop": "Vox host, uvloop",
    "mcp": f"MCP SDK {MCP_VERSION}",
}


def measure(quick: bool = False) -> Report:
    """Run everything and compare. Quick runs are to see that it works."""
    rounds = 1 if quick else 7
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        child, language = make_child(Path(folder))
        core = cores()[0] if cores() else -1
        python = mcp_python()
        workers = {name: _Worker(name, core, child, sys.executable) for name in _ours()}
        if python is not None:
            workers["mcp"] = _Worker("mcp", core, child, python)
        for worker in workers.values():
            stack.callback(worker.close)
        figures = _run(workers, rounds, quick)
    pinned = "host and child share one core" if core >= 0 else "the system chooses the cores"
    method = (
        f"The same child, written in {language}, for all; {pinned}; medians of {rounds} rounds. Vox works with its "
        "queue, permit, deadline, telemetry and a validated result; the raw pipe neither makes nor reads JSON."
    )
    return Report("host", "Provider host", method, _compare(figures))


def _ours() -> list[str]:
    names = ["raw", "loop", "vox"]
    return [*names, "loop-uvloop", "vox-uvloop"] if find_spec("uvloop") else names


class _Worker:
    def __init__(self, name: str, core: int, child: list[str], python: str) -> None:
        self.name = name
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        self._process = subprocess.Popen(
            [python, "-P", "-m", "benchmarks.hosts.worker", name, str(core), *child],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._receive()

    def ask(self, **what: Any) -> dict[str, float]:
        """One measurement."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode("utf-8") + b"\n")
        self._process.stdin.flush()
        return self._receive()

    def close(self) -> None:
        """End of input; the worker closes its host and ends."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _receive(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker of {self.name} ended; see its traceback above")
        return json.loads(line)


def _run(workers: dict[str, _Worker], rounds: int, quick: bool) -> _Figures:
    share = 10 if quick else 1
    figures: _Figures = {name: {} for name in workers}
    order = list(workers)
    for number in range(rounds):
        for what, asked in _plan(share).items():
            random.Random(number).shuffle(order)
            for name in order:
                if what == "stall" and name in ("raw", "loop", "loop-uvloop"):
                    continue  # a bare pipe reads nothing, so there is nothing that could stall
                if what == "throughput" and name.startswith("loop"):
                    continue  # it carries one call at a time
                known = {"calls": 2000 // share} if what == "throughput" and name == "mcp" else {}
                result = workers[name].ask(measure=what, **{**asked, **known})
                figures[name].setdefault(what, []).append(result)
    for name in ("vox", "vox-uvloop"):
        if name in workers:
            figures[name]["growth"] = [workers[name].ask(measure="growth", calls=10_000 // share)]
    return figures


def _plan(share: int) -> dict[str, dict[str, Any]]:
    answers = max(1, 5 // share)
    return {
        "latency": {"calls": 2000 // share},
        "throughput": {"calls": 20_000 // share, "in_flight": 64},
        "large": {"size": _SIZE, "answers": answers},
        "stall": {"size": _SIZE, "answers": answers},
    }


def _compare(figures: _Figures) -> list[Row]:
    rows: list[Row] = []
    for vox, goal in (("vox", 4.0), ("vox-uvloop", 3.0)):
        if vox not in figures:
            continue
        loop = vox.replace("vox", "loop")
        rows.append(_cost(figures, "one call in flight", "latency", "us", "µs", vox, "raw", goal))
        rows.append(_cost(figures, "one call in flight", "latency", "us", "µs", vox, loop, goal))
        rows.append(_gain(figures, "one call in flight", "latency", "us", "µs", vox, 6))
        rows.append(_gain(figures, "64 calls in flight", "throughput", "per_second", "calls/s", vox, 15))
        rows.append(_cost(figures, "10 MiB of audio to bytes", "large", "ms", "ms", vox, "raw", 3))
        rows.append(_gain(figures, "10 MiB of audio to bytes", "large", "ms", "ms", vox, 35))
        rows.append(_limit(figures, vox, "large", "extra_mib", "MiB", _MIB, "the audio's size", 2.6))
        rows.append(_limit(figures, vox, "large", "kept_mib", "MiB", _MIB, "the audio's size"))
        rows.append(_limit(figures, vox, "stall", "ms", "ms", 10.0, "10 ms", 1.0))
        rows.append(_gain(figures, "longest stall beside large answers", "stall", "ms", "ms", vox))
        rows.append(_limit(figures, vox, "growth", "kib", "KiB", 256.0, "256 KiB", 1.0))
    return rows


def _values(figures: _Figures, host: str, what: str, key: str) -> list[float]:
    return [result[key] for result in figures[host][what]]


def _cost(
    figures: _Figures, title: str, what: str, key: str, unit: str, ours: str, peer: str, goal: float | None = None
) -> Row:
    """How many times the peer's cost ours is."""
    mine, theirs = _values(figures, ours, what, key), _values(figures, peer, what, key)
    mid = statistics.median
    return Row(
        title,
        _NAMES[ours],
        figure(mid(mine), unit),
        _NAMES[peer],
        figure(mid(theirs), unit),
        median_ratio(mine, theirs),
        at_most=goal,
    )


def _gain(figures: _Figures, title: str, what: str, key: str, unit: str, ours: str, goal: float | None = None) -> Row:
    """How many times better than the MCP SDK ours is."""
    mine = _values(figures, ours, what, key)
    value, title = figure(statistics.median(mine), unit), f"{title}: times better"
    if "mcp" not in figures:
        return Row(title, _NAMES[ours], value, _NAMES["mcp"], "not installed", None, at_least=goal)
    theirs = _values(figures, "mcp", what, key)
    ratio = median_ratio(mine, theirs) if unit == "calls/s" else median_ratio(theirs, mine)
    peer_value = figure(statistics.median(theirs), unit)
    return Row(title, _NAMES[ours], value, _NAMES["mcp"], peer_value, ratio, at_least=goal)


_LIMITS = {
    "extra_mib": "10 MiB of audio: extra peak memory",
    "kept_mib": "10 MiB of audio: memory still held afterwards, by the allocator too",
    "ms": "longest stall of small calls beside a stream of 10 MiB answers",
    "kib": "memory left behind by 10 000 calls",
}


def _limit(
    figures: _Figures,
    ours: str,
    what: str,
    key: str,
    unit: str,
    limit: float,
    limit_name: str,
    goal: float | None = None,
) -> Row:
    """How much of an absolute limit ours uses. A stall counts at its longest over all rounds."""
    values = _values(figures, ours, what, key)
    value = max(values) if what == "stall" else statistics.median(values)
    return Row(
        _LIMITS[key], _NAMES[ours], figure(value, unit), limit_name, figure(limit, unit), value / limit, at_most=goal
    )


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
