"""A real daemon with a home of its own, and a client of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from tests import pulse
from tests.e2e.openvip import OpenVip
from vox.client import Client

BOUND_S = 20.0
StartDaemon = Callable[..., Client]


@pytest.fixture(scope="module")
def start_daemon() -> Iterator[StartDaemon]:
    """`start_daemon(entry, …, NAME="value")`: a client of a new daemon whose providers.json holds these entries."""
    started: list[tuple[subprocess.Popen[bytes], Client]] = []

    def start(*entries: dict[str, Any], **environment: str) -> Client:
        # Not the test's own folder: a unix socket's path may have no more than 107 bytes.
        home = Path(tempfile.mkdtemp(prefix="vox-"))
        if entries:
            (home / "providers.json").write_text(json.dumps({"providers": entries}), encoding="utf-8")
            (home / "providers.json").chmod(0o600)
        with open(home / "stderr.log", "wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "vox.daemon"],
                env={**os.environ, "VOX_HOME": str(home), "VOX_PORT": "0", "VOX_ALIAS_PORTS": "0", **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        client = Client(home, start=False)
        started.append((process, client))
        _wait_until_ready(process, home)
        return client

    yield start
    for process, client in started:
        client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_S) == 0
        shutil.rmtree(client.home.root)


@pytest.fixture(scope="module")
def sound() -> Iterator[pulse.SoundServer]:
    """A microphone and a loudspeaker for the tests of a module."""
    with pulse.started() as server:
        yield server


@pytest.fixture(scope="module")
def vox(start_daemon: StartDaemon, sound: pulse.SoundServer) -> Client:
    """A daemon with them and with the embedded models loaded; modules that need another one make their own."""
    client = start_daemon(**sound.environment)
    client.preload()
    return client


@pytest.fixture
def door(vox: Client) -> Iterator[OpenVip]:
    """Its OpenVIP interface; afterwards no agent is left."""
    made = OpenVip(vox)
    yield made
    made.wait_until_alone()


def last_measurement(client: Client, **expected: Any) -> dict[str, Any]:
    """The last line of performance.jsonl, once it is the expected call's: lines are written a moment after the call."""
    end = monotonic() + BOUND_S
    while monotonic() < end:
        file = client.home.performance_jsonl
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        last = json.loads(lines[-1]) if lines else {}
        if expected.items() <= last.items():
            return last
        sleep(0.02)
    raise AssertionError(f"no measurement with {expected}")


def _wait_until_ready(process: "subprocess.Popen[bytes]", home: Path) -> None:
    end = monotonic() + BOUND_S
    while not (home / "runtime.json").exists():
        assert process.poll() is None and monotonic() < end, (home / "stderr.log").read_text(encoding="utf-8")
        sleep(0.02)
