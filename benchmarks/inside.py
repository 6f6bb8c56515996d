"""A provider written for a measurement, and over it a runtime in this process, or a whole daemon."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio

from vox.config import Configuration, ProviderEntry, Settings
from vox.daemon.providers import make_supervisor
from vox.host.job import make_watcher
from vox.log import configure
from vox.paths import Home
from vox.runtime.registry import Registry
from vox.runtime.runtime import Runtime
from vox.runtime.telemetry import Recorder

__all__ = ["MODEL", "daemon_over", "runtime_over"]

MODEL = "bench:v1"

_START_S = 30.0

_PROGRAM = """\
import time

from vox.provider import Call, Provider, serve

provider = Provider("bench", kind="tts", max_concurrency=64)
SILENCE = b"RIFF&\\0\\0\\0WAVEfmt \\x10\\0\\0\\0\\1\\0\\1\\0\\x80>\\0\\0\\0}\\0\\0\\2\\0\\x10\\0data\\2\\0\\0\\0\\0\\0"


@provider.models
def models():
    return [{"id": "bench:v1"}]


@provider.synthesize
def synthesize(call: Call):
    work(len(call.text))
    return {"audio": SILENCE}


def sleep(characters):
    time.sleep(characters / 1000)


def compute(characters):
    number = 0
    for number in range(characters * 10_000):
        number += 1


"""


@asynccontextmanager
async def runtime_over(work: str, **fields: Any) -> AsyncIterator[Runtime]:
    """The runtime, whose one provider speaks and is ready.

    Args:
        work: What a call does: `sleep` a millisecond for each character, or `compute` as long as that roughly takes.
        fields: Of its entry, as providers.json writes them.
    """
    configure(None, console=False)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        home.ensure()
        entry = ProviderEntry.model_validate(_entry(Path(folder), work, fields))
        configuration = Configuration((entry,), Settings())
        watcher = make_watcher()
        async with anyio.create_task_group() as tasks:
            registry = Registry(
                configuration, lambda entry: make_supervisor(entry, configuration, home, {}, tasks, watcher)
            )
            recorder = Recorder(home.performance_jsonl)
            tasks.start_soon(recorder.run)
            await registry.providers[0].ready()
            try:
                yield Runtime(home, configuration, registry, recorder, tasks)
            finally:
                with anyio.CancelScope(shield=True):
                    await registry.stop()
                watcher.close()
                tasks.cancel_scope.cancel()


@contextmanager
def daemon_over(work: str, **fields: Any) -> Generator[str]:
    """The path of the unix socket of a daemon, whose one provider speaks; ended afterwards.

    Args:
        work, fields: As for `runtime_over`.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        home.ensure()
        entries = {"providers": [_entry(Path(folder), work, fields)]}
        home.providers_json.write_text(json.dumps(entries), encoding="utf-8")
        home.providers_json.chmod(0o600)
        environment = {**os.environ, "VOX_HOME": str(home.root), "VOX_PORT": "0", "VOX_ALIAS_PORTS": "0"}
        command = [sys.executable, "-P", "-m", "vox.daemon"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + _START_S
            while not home.runtime_json.exists():
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("the daemon did not start")
                time.sleep(0.005)
            yield json.loads(home.runtime_json.read_text(encoding="utf-8"))["socket"]
        finally:
            process.terminate()
            process.wait(_START_S)


def _entry(folder: Path, work: str, fields: dict[str, Any]) -> dict[str, Any]:
    program = folder / "provider.py"
    program.write_text(f"{_PROGRAM}work = {work}\nserve(provider)\n", encoding="utf-8")
    command = [sys.executable, "-P", str(program)]
    return {"id": "bench", "kind": "tts", "command": command, "models": [MODEL], **fields}
