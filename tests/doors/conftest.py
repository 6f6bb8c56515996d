"""A connection of the client RPC over a real runtime, without sockets."""

import json
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.daemon.conftest import TTS, daemon_in, scripted
from tests.daemon.conftest import Daemon as Served
from tests.runtime.conftest import Setup, running, until
from vox.config import ProviderEntry
from vox.doors.rpc.connection import Connection
from vox.doors.rpc.groups.daemon import Daemon
from vox.doors.rpc.handler import Access
from vox.doors.rpc.methods import Methods
from vox.paths import Home

OWNER, PROGRAM, PAGE = Access(owner=True), Access(), Access(files=False)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    home = Home(tmp_path / "home")
    home.ensure()
    return home


@pytest.fixture
def recording(tmp_path: Path) -> str:
    path = tmp_path / "one-second.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((b"\x00\x10" * 40 + b"\x00\xf0" * 40) * 200)
    return str(path)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real daemon for a module, with the scripted provider as `ear` and as `mouth`."""
    with pytest.MonkeyPatch.context() as patch, daemon_in(tmp_path_factory.mktemp("d") / "home") as served:
        patch.delenv("XDG_RUNTIME_DIR", raising=False)
        ear = {"models": [{"id": "ear:1", "installed": True}], "maxConcurrency": 2}
        ear["features"] = ["cancel", "transcribe.partials"]
        mouth = {**TTS, "features": ["cancel", "synthesize.stream"]}
        served.configure(
            scripted("ear", ear), scripted("mouth", mouth, kind="tts"), allowedOrigins=["https://listed.example"]
        )
        yield served.start()


class Talk:
    """One client: frames in, frames out."""

    def __init__(self, setup: Setup, methods: Methods, connection: Connection, sent: list[bytes]) -> None:
        self.setup, self.methods, self.connection, self._sent = setup, methods, connection, sent
        self.stopped = False
        self.reloads = 0

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self._sent]

    def send(self, frame: Any) -> None:
        self.connection.receive(frame if isinstance(frame, bytes) else json.dumps(frame).encode("utf-8"))

    async def answers(self, number: Any) -> list[dict[str, Any]]:
        """All frames of an id, once its result or error is there."""
        await until(lambda: any(frame.get("id") == number and "event" not in frame for frame in self.sent))
        return [frame for frame in self.sent if frame.get("id") == number]

    async def ask(self, method: str, strict: bool = False, /, **params: Any) -> dict[str, Any]:
        """The answer frame of one request."""
        number: Any = len(self._sent) + 1000 if strict else f"id-{len(self._sent)}"
        self.send({**({"jsonrpc": "2.0"} if strict else {}), "id": number, "method": method, "params": params})
        return (await self.answers(number))[-1]


@asynccontextmanager
async def talking(
    home: Home,
    *entries: ProviderEntry,
    access: Access = PROGRAM,
    health: Callable[[], dict[str, Any]] = lambda: {"service": "Vox"},
    **settings: Any,
) -> AsyncIterator[Talk]:
    """A connection that ends, with its calls, when the context does."""
    async with running(home, *entries, **settings) as setup, anyio.create_task_group() as tasks:
        sent: list[bytes] = []

        async def doctor() -> dict[str, Any]:
            return {"ready": True, "checks": []}

        def stop() -> None:
            talk.stopped = True

        def reload() -> dict[str, Any]:
            talk.reloads += 1
            return {"problems": []}

        methods = Methods(setup.runtime, Daemon(health, doctor, stop, reload))
        talk = Talk(setup, methods, Connection(methods, access, sent.append, tasks), sent)
        yield talk
        tasks.cancel_scope.cancel()
