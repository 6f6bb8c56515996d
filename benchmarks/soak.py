"""What is left of ten thousand calls to providers that crash, hang and write garbage.

python -m benchmarks.soak [--quick] [--json FILE]
"""

import gc
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import anyio

from benchmarks.report import Report, Row, figure, main
from tests.processes import descriptors, marked, resident, zombies
from vox.config import Configuration, ProviderEntry, Settings
from vox.daemon.providers import make_spec
from vox.errors import VoxError
from vox.host.job import make_watcher
from vox.host.supervisor import Supervisor
from vox.log import configure
from vox.paths import Home
from vox.runtime.registry import Registry
from vox.runtime.requests import Caller, SynthesizeRequest, TranscribeRequest
from vox.runtime.runtime import Runtime
from vox.runtime.telemetry import Recorder

__all__ = ["Soaked", "measure", "soak"]

_CALLERS = 32  # at once: four for each provider
_LIMIT_S = 180  # of a whole run, which takes a third of that
_SETTLE_S = 10  # for what was given up: its time, the end of its process, and a busy machine
_PAUSE_S = 0.05  # of a caller that was refused
_FASTER = 600  # a back-off's clock: a run crashes as often as half a day does
_GROWTH_GOAL_MIB = 5
_TIMEOUTS = {"transcribeMs": 250, "synthesizeMs": 250, "stopMs": 200, "killMs": 200}
_FAULTS = 0.05  # of each sort
_GARBAGE = {"asr": ("shape", "half", "noise"), "tts": ("shape", "half", "noise", "base64")}
_PROVIDERS: dict[str, tuple[str, int, list[str], dict[str, Any]]] = {
    "ear1": ("asr", 1, [], {}),
    "ear1c": ("asr", 1, ["cancel"], {"queue": {"max": 3}}),
    "ear4": ("asr", 4, [], {}),
    "ears": ("asr", 1, [], {"replicas": 2}),
    "mouth1": ("tts", 1, [], {"queue": {"max": 3}}),
    "mouth4": ("tts", 4, ["synthesize.stream"], {}),
    "mouth4c": ("tts", 4, ["cancel", "synthesize.stream"], {}),
    "mouths": ("tts", 2, [], {"replicas": 2}),
}


class _Call(NamedTuple):
    provider: str
    way: str  # of asking
    order: str
    leaves_s: float | None  # when its caller loses patience


@dataclass(slots=True)
class Soaked:
    """What a run found. Counts, and bytes."""

    seconds: float = 0.0
    ends: Counter[str] = field(default_factory=Counter[str])
    """By order and end: `crash: provider_crashed`."""
    untyped: list[str] = field(default_factory=list[str])
    """What was neither a result nor a typed error."""
    starts: int = 0
    stuck: int = 0
    """Permits held after the load without a call inside a provider, and after the providers' end."""
    closed: list[str] = field(default_factory=list[str])
    """Providers that serve no good call after the load."""
    orphans: int = 0
    zombies: int = 0
    growth: int = 0
    """Of resident memory, from the end of the warm-up to the end."""
    descriptors: int = 0
    """Open at the end and not at the beginning."""

    def ended(self, end: str) -> int:
        """How many calls ended so."""
        return sum(count for name, count in self.ends.items() if name.endswith(f": {end}"))


def measure(quick: bool = False) -> Report:
    """Run everything and compare."""
    warm, calls = (150, 450) if quick else (1000, 9000)
    found = anyio.run(soak, warm, calls)
    whole = warm + calls
    results = found.ended("result")
    told = ", ".join(
        f"{name} {found.ended(name):,}" for name in sorted({end.split(": ")[1] for end in found.ends} - {"result"})
    )
    method = (
        f"{whole:,} calls of {_CALLERS} callers at once to {len(_PROVIDERS)} providers: 5 % order a crash, "
        f"5 % a hang (a call has {_TIMEOUTS['transcribeMs']} ms), 5 % garbage; others stream, ask for voices or "
        f"models, leave before the end, or do not wait. It took {found.seconds:.0f} s and {found.starts:,} processes. "
        f"{results:,} calls ended with a result, the others typed: {told}."
    )
    growth = found.growth / (1 << 20)
    rows = [
        _none("calls that ended neither with a result nor typed", len(found.untyped)),
        _none("calls without an end", whole - found.ends.total()),
        _none("calls that waited for a place in vain", found.ended("queue_timeout")),
        _none("permits that are stuck", found.stuck),
        _none("providers that serve no call afterwards", len(found.closed)),
        _none("processes that outlive their provider", found.orphans + found.zombies),
        _none("file descriptors left open", found.descriptors),
        Row(
            f"memory, after the first {warm:,} calls to the end",
            "Vox runtime",
            figure(growth, "MiB"),
            "the limit",
            figure(_GROWTH_GOAL_MIB, "MiB"),
            growth / _GROWTH_GOAL_MIB,
            at_most=1,
        ),
    ]
    return Report("soak", "Endurance", method, rows)


def _none(what: str, count: int) -> Row:
    return Row(what, "Vox runtime", str(count), "none", "0", float(count), at_most=0)


async def soak(warm: int, calls: int) -> Soaked:
    """Make the calls of the warm-up, and then the others.

    Raises:
        TimeoutError: A call has not ended.
    """
    found, begin, chance = Soaked(), time.monotonic(), random.Random(7)
    configure(None, console=False)
    open_before, dead_before = descriptors(), set(zombies())
    with tempfile.TemporaryDirectory() as folder, anyio.fail_after(_LIMIT_S):
        home = Home(Path(folder) / "home")
        home.ensure()
        async with _runtime_in(home, found) as runtime:
            await _load(runtime, _plan(chance, warm), found)
            gc.collect()
            before = resident()
            await _load(runtime, _plan(chance, calls), found)
            gc.collect()
            found.growth = resident() - before
            found.closed = [name for name in _PROVIDERS if not await _serves(runtime, name)]
            found.stuck = sum(map(_unaccounted, runtime.registry.providers))
            found.starts = sum(supervisor.generation for supervisor in runtime.registry.supervisors())
        found.orphans, found.zombies = len(marked(home.root)), len(set(zombies()) - dead_before)
    found.descriptors = descriptors() - open_before
    found.seconds = time.monotonic() - begin
    return found


def _unaccounted(provider: Any) -> int:
    """Permits for which no call is inside a process: nothing would ever free them."""
    running = (replica.supervisor.running for replica in provider.replicas.all)
    return provider.limiter.snapshot().in_use - sum(process.in_flight for process in running if process is not None)


# ---- the calls


def _plan(chance: random.Random, count: int) -> Iterator[_Call]:
    names = list(_PROVIDERS)
    for _ in range(count):
        name = chance.choice(names)
        kind, dice = _PROVIDERS[name][0], chance.random()
        if dice < 3 * _FAULTS:
            order = ("crash", "hang", chance.choice(_GARBAGE[kind]))[int(dice / _FAULTS)]
            yield _Call(name, chance.choice(("plain", "stream")), order, None)
        else:
            way = chance.choice(("plain", "plain", "plain", "stream", "impatient", "models", "voices"))
            yield _Call(name, way, "", chance.random() / 20 if chance.random() < _FAULTS else None)


async def _load(runtime: Runtime, plan: Iterator[_Call], found: Soaked) -> None:
    """Make the calls, and wait until what was given up has been settled."""

    async def ask(number: int) -> None:
        for call in plan:
            end = await _end_of(runtime, call, Caller(f"client{number % 5}"), found)
            found.ends[f"{call.order or 'good'}: {end}"] += 1
            if end in ("provider_unavailable", "provider_busy"):
                await anyio.sleep(_PAUSE_S)

    async with anyio.create_task_group() as tasks:
        for number in range(_CALLERS):
            tasks.start_soon(ask, number)
    with anyio.move_on_after(_SETTLE_S):
        while any(map(_unaccounted, runtime.registry.providers)):
            await anyio.sleep(0.01)


async def _serves(runtime: Runtime, name: str) -> bool:
    with anyio.move_on_after(_SETTLE_S):
        while await _end_of(runtime, _Call(name, "plain", "", None), Caller("last"), Soaked()) != "result":
            await anyio.sleep(_PAUSE_S)
        return True
    return False


async def _end_of(runtime: Runtime, call: _Call, caller: Caller, found: Soaked) -> str:
    with anyio.move_on_after(call.leaves_s) as patience:
        try:
            await _make(runtime, call, caller)
        except VoxError as error:
            return error.code
        except Exception as error:
            found.untyped.append(f"{call}: {error!r}")
            return "untyped"
    return "cancelled" if patience.cancelled_caught else "result"


async def _make(runtime: Runtime, call: _Call, caller: Caller) -> None:
    kind, wait_s = _PROVIDERS[call.provider][0], 0.0 if call.way == "impatient" else None
    if call.way == "models":
        await runtime.models((kind,))  # type: ignore[arg-type]
    elif call.way == "voices" and kind == "tts":
        await runtime.voices(call.provider)
    elif kind == "asr":
        await runtime.transcribe(TranscribeRequest(_WAV, call.provider, prompt=call.order, max_wait_s=wait_s), caller)
    else:
        request = SynthesizeRequest("hello", call.provider, instructions=call.order, max_wait_s=wait_s)
        if call.way == "stream":
            async with aclosing(runtime.synthesize_stream(request, caller)) as stream:
                async for _ in stream:
                    pass
        else:
            await runtime.synthesize(request, caller)


# ---- the runtime


@asynccontextmanager
async def _runtime_in(home: Home, found: Soaked) -> AsyncIterator[Runtime]:
    configuration = Configuration(tuple(map(_entry, _PROVIDERS)), Settings(), folder=home.root)
    watcher = make_watcher()
    async with anyio.create_task_group() as tasks:

        def make(entry: ProviderEntry) -> Supervisor:
            spec = make_spec(entry, configuration, home, {})
            return Supervisor(spec, tasks=tasks, watcher=watcher, stderr=lambda _: None, clock=_clock)

        registry = Registry(configuration, make)
        recorder = Recorder(home.performance_jsonl)
        tasks.start_soon(recorder.run)
        try:
            yield Runtime(home, configuration, registry, recorder, tasks)
        finally:
            with anyio.CancelScope(shield=True):
                await registry.stop()
            watcher.close()
            tasks.cancel_scope.cancel()
            found.stuck += sum(provider.limiter.snapshot().in_use for provider in registry.providers)


def _entry(name: str) -> ProviderEntry:
    kind, limit, features, fields = _PROVIDERS[name]
    program = Path(__file__).parent / "hosts" / "faulty.py"
    command = [sys.executable, "-S", "-P", str(program), kind, name, str(limit), *features]
    entry = {"id": name, "kind": kind, "command": command, "models": [name], "timeouts": _TIMEOUTS, **fields}
    return ProviderEntry.model_validate(entry)


def _clock() -> float:
    return time.monotonic() * _FASTER


_WAV = (
    b"RIFF\x24\x19\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\x19\0\0"
    + b"\0\x10" * 1600
    + b"\0\xf0" * 1600
)


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
