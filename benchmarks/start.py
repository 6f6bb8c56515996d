"""What it costs to start things: the command line, the daemon, a provider; and what an idle daemon does.

python -m benchmarks.start [--quick] [--json FILE]
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from benchmarks.report import Report, Row, figure, main, median_ratio
from benchmarks.timing import first_answer_ms, interleaved, run_ms, status_kib

__all__ = ["measure"]

_CLIP = Path(__file__).parent.parent / "docs" / "audio" / "librivox-0880.wav"
_PYTHON = [sys.executable, "-P"]
_BARE = [*_PYTHON, "-c", "pass"]
_BARE_ANSWER = [*_PYTHON, "-c", "print()"]
_REQUEST = b'{"jsonrpc":"2.0","id":1,"method":"models","params":{}}\n'
_PROVIDER = """\
from vox.provider import Call, Provider, serve

provider = Provider("bench", kind="asr")


@provider.models
def models():
    return [{"id": "bench:v1"}]


@provider.transcribe
def transcribe(call: Call):
    return {"text": call.path}


serve(provider)
"""

_READY_S = 0.5
_IDLE_MIB = 60
_SETTLE_S = 1.0  # after the start, before an idle daemon is watched
_LIMIT_S = 30.0


def measure(quick: bool = False) -> Report:
    """Run everything and compare."""
    rounds, watched_s = (2, 0.5) if quick else (15, 5.0)
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            *_commands(rounds, Path(folder)),
            *_daemon(1 if quick else 5, watched_s, Path(folder)),
            *_provider(rounds, Path(folder)),
        ]
    method = (
        f"Whole processes with their bytecode cached, in turn, medians of {rounds} rounds. The bare interpreter is "
        "this Python running nothing; a provider's start lasts until its first answer, the bare one's until its line."
    )
    return Report("start", "Starting and idling", method, rows)


def _commands(rounds: int, folder: Path) -> list[Row]:
    help_command = [*_vox(), "--help"]
    measures = {"bare": lambda: run_ms(_BARE), "help": lambda: run_ms(help_command)}
    if find_spec("moonshine_voice") is None:
        taken = interleaved(measures, rounds)
        return [_times_bare("`vox --help`", taken, "help", 4.5), _missing("what `vox transcribe` adds")]
    with _running(folder / "commands") as home:
        environment = _environment(home)
        measures["transcribe"] = lambda: _transcribe_ms(home, environment)
        taken = interleaved(measures, rounds)
    return [
        _times_bare("`vox --help`", taken, "help", 4.5),
        _times_bare("what `vox transcribe` adds to the daemon's own time", taken, "transcribe", 5),
    ]


def _transcribe_ms(home: Path, environment: dict[str, str]) -> float:
    """The command's time minus the time of its call inside the daemon, as performance.jsonl tells it."""
    path = home / "performance.jsonl"
    known = path.stat().st_size if path.exists() else 0
    took = run_ms([*_vox(), "transcribe", str(_CLIP)], environment)
    until = time.monotonic() + _LIMIT_S
    while not path.exists() or path.stat().st_size == known:  # rows are written a moment after the answer
        if time.monotonic() > until:
            raise RuntimeError("the call left no line in performance.jsonl")
        time.sleep(0.01)
    row = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    return took - row["totalMs"]


def _daemon(rounds: int, watched_s: float, folder: Path) -> list[Row]:
    ready: list[float] = []
    idle: list[float] = []
    wakeups = 0
    for number in range(rounds):
        begin = time.perf_counter()
        with _running(folder / f"daemon-{number}") as home:
            ready.append(time.perf_counter() - begin)
            if sys.platform != "linux":
                continue
            pid = json.loads((home / "runtime.json").read_text(encoding="utf-8"))["pid"]
            time.sleep(_SETTLE_S)
            idle.append(status_kib(pid, "VmRSS") / 1024)
            if number == rounds - 1:
                before = status_kib(pid, "voluntary_ctxt_switches")
                time.sleep(watched_s)
                wakeups = status_kib(pid, "voluntary_ctxt_switches") - before
    seconds = statistics.median(ready)
    rows = [_limit("daemon: from its start to its first answer", seconds, "s", _READY_S)]
    if not idle:
        return rows
    count = Row("idle daemon: wake-ups", "Vox", f"{wakeups} in {watched_s:g} s", "none", "0", float(wakeups), at_most=0)
    return [*rows, _limit("idle daemon: resident memory", statistics.median(idle), "MiB", _IDLE_MIB), count]


def _provider(rounds: int, folder: Path) -> list[Row]:
    program = folder / "provider.py"
    program.write_text(_PROVIDER, encoding="utf-8")
    measures = {
        "bare": lambda: first_answer_ms(_BARE_ANSWER, b""),
        "kit": lambda: first_answer_ms([*_PYTHON, str(program)], _REQUEST),
    }
    return [_times_bare("provider with vox.provider", interleaved(measures, rounds), "kit", 1.6)]


@contextmanager
def _running(home: Path) -> Generator[Path]:
    """A daemon of its own, answering; ended afterwards."""
    home.mkdir(mode=0o700)
    process = subprocess.Popen(
        [*_PYTHON, "-m", "vox.daemon"],
        env=_environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_answer(home / "runtime.json", process)
        yield home
    finally:
        process.terminate()
        try:
            process.wait(_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_answer(runtime: Path, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _LIMIT_S
    while not runtime.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError("the daemon did not start")
        time.sleep(0.002)
    facts = json.loads(runtime.read_text(encoding="utf-8"))
    with _connect(facts) as door:
        door.sendall(b'{"id":1,"method":"health","params":{}}\n')
        if b"result" not in door.recv(1 << 16):
            raise RuntimeError("the daemon did not answer")


def _connect(facts: dict[str, str]) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.settimeout(_LIMIT_S)
    door.connect(facts["socket"])
    return door


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "VOX_HOME": str(home), "VOX_PORT": "0", "VOX_ALIAS_PORTS": "0"}


def _vox() -> list[str]:
    """The installed command, else the module."""
    script = Path(sys.executable).with_name("vox")
    return [str(script)] if script.exists() else [*_PYTHON, "-m", "vox"]


def _times_bare(what: str, taken: dict[str, list[float]], name: str, goal: float) -> Row:
    bare, ours = statistics.median(taken["bare"]), statistics.median(taken[name])
    ratio = median_ratio(taken[name], taken["bare"])
    return Row(what, "Vox", figure(ours, "ms"), "bare interpreter", figure(bare, "ms"), ratio, at_most=goal)


def _limit(what: str, value: float, unit: str, limit: float) -> Row:
    return Row(what, "Vox", figure(value, unit), "the limit", f"{limit:g} {unit}", value / limit, at_most=1)


def _missing(what: str) -> Row:
    return Row(what, "Vox", "needs the extra `local`", "bare interpreter", "", None, at_most=5)


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
