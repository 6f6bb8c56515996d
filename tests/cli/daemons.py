"""Real daemons for the tests of the command line and of the client, and the certainty that none is left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vox.client import Client
from vox.client.discovery import find
from vox.paths import Home

PROVIDER = Path(__file__).parent / "echo_provider.py"
STREAMING = Path(__file__).parents[1] / "runtime" / "streaming.py"
BOUND_S = 15


def make_home(root: Path) -> Home:
    """A home with the providers `echo`, `slow`, `doomed` and `tone`, all of them roles of the echo provider."""
    home = Home(root)
    home.ensure()
    home.providers_json.write_text(json.dumps({"providers": [*map(_entry, _KINDS)]}), encoding="utf-8")
    home.providers_json.chmod(0o600)
    return home


_KINDS = {"echo": ("asr", "asr"), "slow": ("asr", "slow"), "doomed": ("asr", "doomed"), "tone": ("tts", "tts")}


def _entry(name: str) -> dict[str, object]:
    kind, role = _KINDS[name]
    return {"id": name, "kind": kind, "command": [sys.executable, str(PROVIDER), role]}


def make_streaming_home(root: Path, **ears_environment: str) -> Home:
    """A home whose providers stream what they are told to: `mouth:1` speech, `ear:1` text; `plain:1` cannot stream."""
    home = Home(root)
    home.ensure()
    entries = [
        _streaming("mouth", "tts", "synthesize.stream"),
        _streaming("plain", "tts"),
        _streaming("ear", "asr", "transcribe.partials") | {"env": ears_environment},
    ]
    home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    home.providers_json.chmod(0o600)
    return home


def _streaming(name: str, kind: str, *features: str) -> dict[str, object]:
    models = [{"id": f"{name}:1", "sampleRate": 8000}]
    spec = json.dumps({"models": models, "features": ["cancel", *features], "maxConcurrency": 4})
    return {"id": name, "kind": kind, "command": [sys.executable, str(STREAMING), spec]}


def environment(home: Home) -> dict[str, str]:
    """What a program needs to use that home and no other, on any free port."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOX_", "XDG_"))}
    return {**kept, "VOX_HOME": str(home.root), "VOX_PORT": "0", "VOX_ALIAS_PORTS": "0"}


@contextlib.contextmanager
def stopped_at_the_end(home: Home) -> Iterator[Home]:
    """When the context ends, the daemon of the home is stopped, and no process of the home is left."""
    try:
        yield home
    finally:
        if find(home) is not None:
            with contextlib.suppress(Exception):
                Client(home, start=False).stop()
        try:
            wait_until(lambda: not daemons_of(home))
        finally:
            for pid in daemons_of(home):
                os.kill(pid, signal.SIGKILL)


def daemons_of(home: Home) -> list[int]:
    """Daemons of the home, also those that have not got as far as telling where they are."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            variables = (process / "environ").read_bytes().split(b"\0")
            if b"vox.daemon" in words and b"VOX_HOME=" + os.fsencode(home.root) in variables:
                found.append(int(process.name))
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], object]) -> None:
    """Wait, within bounds, for what another process does."""
    deadline = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.01)


def vox(home: Home, *words: str | bytes, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own; text on both sides unless `encoding` says otherwise."""
    options = {"encoding": "utf-8", "env": environment(home), "timeout": 60, "capture_output": True, **options}
    if "input" not in options and "stdin" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run([sys.executable, "-P", "-m", "vox", *words], check=False, **options)


@contextlib.contextmanager
def started_vox(home: Home, *words: str, **options: Any) -> "Iterator[subprocess.Popen[str]]":
    """The command line in a process of its own, to be signalled or read from; ended with the context."""
    pipe = subprocess.PIPE
    usual = {"stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, "encoding": "utf-8", "env": environment(home)}
    command = [sys.executable, "-P", "-m", "vox", *words]
    options = {**usual, **options}
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def measurements(home: Home) -> list[dict[str, object]]:
    """The lines of performance.jsonl so far."""
    if not home.performance_jsonl.exists():
        return []
    return [json.loads(line) for line in home.performance_jsonl.read_text(encoding="utf-8").splitlines()]


def spooled(home: Home) -> list[str]:
    """What is in the spool."""
    return sorted(os.listdir(home.spool)) if home.spool.is_dir() else []
