"""The real daemon as a process of its own, in a home of its own, and proof that it leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.conftest import SCRIPTED
from vox.paths import Home

ASR = {"models": [{"id": "ear:1", "installed": True}]}
TTS = {"models": [{"id": "mouth:1", "installed": True}], "voices": [{"id": "anna"}]}


def until(condition: Callable[[], Any], seconds: float = 8, what: str = "") -> Any:
    """Wait, within bounds, for what another process does; returns the first true value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.005)
    return value


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return True


class Daemon:
    """`python -m vox.daemon` with a temporary home and any free port."""

    def __init__(self, home: Home, **environment: str) -> None:
        self.home = home
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VOX_", "XDG_"))},
            "VOX_HOME": str(home.root),
            "VOX_PORT": "0",
            "VOX_ALIAS_PORTS": "0",
            **environment,
        }
        self.process: subprocess.Popen[str] | None = None

    def configure(self, *entries: dict[str, Any], **settings: Any) -> None:
        """Write providers.json and config.json."""
        self.home.ensure()
        for path, value in ((self.home.providers_json, {"providers": entries}), (self.home.config_json, settings)):
            path.write_text(json.dumps(value), encoding="utf-8")
            path.chmod(0o600)

    def launch(self) -> "subprocess.Popen[str]":
        """Start it, without waiting."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vox.daemon"],
            env=self.environment,
            cwd=self.home.root.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        return self.process

    def start(self) -> "Daemon":
        """Start it and wait until it is ready."""
        process = self.launch()
        until(lambda: self.facts() or process.poll() is not None, what="runtime.json")
        assert process.poll() is None, self.end()
        return self

    def facts(self) -> dict[str, Any]:
        """runtime.json of the running process; empty before it is ready."""
        with suppress(FileNotFoundError):
            facts = json.loads(self.home.runtime_json.read_text(encoding="utf-8"))
            return facts if self.process is not None and facts["pid"] == self.process.pid else {}
        return {}

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def socket(self) -> str:
        return self.facts()["socket"]

    def end(self, number: int = signal.SIGTERM, seconds: float = 10) -> tuple[int, str]:
        """Send a signal and wait; the exit status and what it wrote to stderr."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, errors

    def rows(self) -> list[dict[str, Any]]:
        """The measurements so far."""
        if not self.home.performance_jsonl.exists():
            return []
        return [json.loads(line) for line in self.home.performance_jsonl.read_text(encoding="utf-8").splitlines()]

    def log(self) -> str:
        return self.home.daemon_log.read_text(encoding="utf-8") if self.home.daemon_log.exists() else ""

    def providers(self) -> dict[str, dict[str, Any]]:
        """`providers.status`, by id."""
        with Client(self.socket) as client:
            return {status["id"]: status for status in client.call("providers.status")["providers"]}


class Client:
    """A blocking client of the unix socket, on sockets and json alone."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(10)
        self._socket.connect(path)
        self._lines = self._socket.makefile("rb")
        self._number = 0

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def send(self, frame: Any) -> None:
        """A frame: bytes as they are, else as one line of JSON."""
        self._socket.sendall(frame if isinstance(frame, bytes) else json.dumps(frame).encode("utf-8") + b"\n")

    def receive(self) -> dict[str, Any]:
        line = self._lines.readline()
        assert line, "the daemon closed the connection"
        return json.loads(line)

    def closed(self) -> bool:
        """Whether the daemon has closed the connection, after whatever it still had to say."""
        with suppress(ConnectionResetError, BrokenPipeError):
            while self._lines.readline():
                pass
        return True

    def begin(self, method: str, **params: Any) -> str:
        """Send a request; its id."""
        self._number += 1
        self.send({"id": str(self._number), "method": method, "params": params})
        return str(self._number)

    def call(self, method: str, **params: Any) -> Any:
        """The result of a request."""
        number = self.begin(method, **params)
        reply = self.receive()
        assert reply["id"] == number and "error" not in reply, reply
        return reply["result"]


def scripted(name: str, spec: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An entry of providers.json that runs the scripted provider."""
    return {"id": name, "command": [sys.executable, str(SCRIPTED), json.dumps(spec)], **fields}


@contextmanager
def daemon_in(root: Path, **environment: str) -> Iterator[Daemon]:
    """A daemon not yet started; killed at the end if it still runs, and then no provider may be left either."""
    daemon = Daemon(Home(root), **environment)
    try:
        yield daemon
    finally:
        if daemon.process is not None:
            if daemon.process.poll() is None:
                daemon.process.kill()
            daemon.process.communicate(timeout=5)


@pytest.fixture(autouse=True)
def no_runtime_dir_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.ensure()
    return home


@pytest.fixture
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with daemon_in(tmp_path_factory.mktemp("d") / "home") as daemon:  # short: a socket's path has a bound
        daemon.configure(scripted("ear", ASR), scripted("mouth", TTS, kind="tts"))
        yield daemon


@pytest.fixture
def recording(tmp_path: Path) -> str:
    """One second of a quiet square wave, 16 kHz."""
    path = tmp_path / "one-second.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((b"\x00\x10" * 40 + b"\x00\xf0" * 40) * 200)
    return str(path)
