"""A runtime over real provider processes, and proof that it leaves nothing behind."""

import json
import os
import sys
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from vox.config import Configuration, ProviderEntry, Settings
from vox.daemon.providers import make_supervisor
from vox.host.job import make_watcher
from vox.paths import Home
from vox.runtime.registry import Registry
from vox.runtime.requests import Caller
from vox.runtime.runtime import Runtime
from vox.runtime.telemetry import Recorder

SCRIPTED = Path(__file__).parent / "scripted.py"
CALLER = Caller("tester", "test.route")


class Clock:
    """Seconds that pass only by `+=`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    home = Home(tmp_path / "home")
    home.ensure()
    return home


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """One second of a quiet square wave, 16 kHz."""
    path = tmp_path / "one-second.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((b"\x00\x10" * 40 + b"\x00\xf0" * 40) * 200)
    return path


def entry(name: str, spec: dict[str, Any] | None = None, **fields: Any) -> ProviderEntry:
    """An entry that runs the scripted provider; `spec` is what it answers to `models`, and its voices."""
    arguments = [] if spec is None else [json.dumps(spec)]
    return ProviderEntry.model_validate({"id": name, "command": [sys.executable, str(SCRIPTED), *arguments], **fields})


def model(name: str, /, **fields: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "installed": True} | fields


@dataclass
class Setup:
    """A running runtime and what stands around it."""

    runtime: Runtime
    registry: Registry
    recorder: Recorder
    home: Home

    def rows(self) -> list[dict[str, Any]]:
        """The measurements so far."""
        self.recorder.flush()
        text = self.home.performance_jsonl.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def pid(self, name: str) -> int | None:
        provider = self.registry.get(name)
        assert provider is not None
        return provider.supervisor.pid


@asynccontextmanager
async def running(home: Home, *entries: ProviderEntry, **settings: Any) -> AsyncIterator[Setup]:
    """A runtime over those entries; afterwards no process, no spooled file and no permit is left."""
    configuration = Configuration(tuple(entries), Settings.model_validate(settings), folder=home.root)
    watcher, pids = make_watcher(), set[int]()
    async with anyio.create_task_group() as tasks:
        registry = Registry(
            configuration, lambda entry: make_supervisor(entry, configuration, home, {}, tasks, watcher)
        )
        recorder = Recorder(home.performance_jsonl)
        try:
            yield Setup(Runtime(home, configuration, registry, recorder, tasks), registry, recorder, home)
        finally:
            pids = {pid for supervisor in registry.supervisors() if (pid := supervisor.pid)}
            with anyio.CancelScope(shield=True):
                await registry.stop()
            watcher.close()
            recorder.flush()
            tasks.cancel_scope.cancel()
    for provider in registry.providers:
        assert (provider.limiter.snapshot().in_use, provider.limiter.snapshot().queued) == (0, 0)
    assert not home.spool.exists() or not list(home.spool.iterdir())
    await until(lambda: not any(map(alive, pids)))


def content(path: Path) -> bytes:
    return path.read_bytes()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(condition: Callable[[], bool], seconds: float = 8) -> None:
    """Wait, within bounds, for what another process or task does."""
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.005)
