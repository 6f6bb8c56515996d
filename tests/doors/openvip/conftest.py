"""The interface over real agents, a microphone with a clock, a loudspeaker that obeys and engines that do as they are
told; served as the daemon serves it, from a thread, so that the clients that people use can be used."""

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import anyio
import httpx
import orjson
import pytest

from tests.daemon.conftest import until
from tests.doors.openvip.schema import faults
from tests.runtime import conftest as runtime
from tests.runtime.agents.conftest import Loudspeaker
from tests.runtime.conftest import running
from tests.runtime.live.conftest import LoudCutter, spoken
from vox.config import ProviderEntry
from vox.daemon.connections import connection_class
from vox.daemon.cors import Cors
from vox.daemon.guard import Guard
from vox.daemon.listen import HttpServer, bind_tcp
from vox.doors.openvip.messages import event, transcription
from vox.doors.openvip.server import OpenVip
from vox.paths import Home
from vox.runtime.agents.hub import AgentHub
from vox.runtime.live.device import Device
from vox.testing import FakeMicrophone, FakeProvider

LISTED = "https://listed.example"
TIMEOUT_S = 20.0

T = TypeVar("T")


class Place:
    """One server. Everything about its agents is asked on its own thread, by `call`."""

    hub: AgentHub
    port: int
    """Where OpenVIP is under `/openvip`."""
    own_port: int
    """Where it is at the root, too."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home")
        self.home.ensure()
        (folder / "fake").mkdir(parents=True)
        self.fake = FakeProvider(folder / "fake")
        self.microphone = FakeMicrophone(spoken(*[1.0] * 200))
        self.loudspeaker = Loudspeaker()
        self.ended = 0
        """How often it was asked to shut down."""
        self.wanted_port = 0
        """Of `port`; 0 is any."""
        self._client = httpx.Client(timeout=TIMEOUT_S)
        self._loop: asyncio.AbstractEventLoop
        self._stop: anyio.Event
        self._ready, self._failure = threading.Event(), list[BaseException]()
        self._thread = threading.Thread(target=self._run, name="openvip")

    @property
    def url(self) -> str:
        """The base that clients are given."""
        return f"http://127.0.0.1:{self.port}/openvip"

    @contextmanager
    def running(self) -> Generator["Place"]:
        """Serve for the time of the block."""
        self._thread.start()
        self._ready.wait(TIMEOUT_S)
        assert not self._failure, self._failure
        try:
            yield self
        finally:
            self._client.close()
            self.call(lambda: self._stop.set())
            self._thread.join(TIMEOUT_S)
            assert not self._thread.is_alive() and not self._failure, self._failure

    def call(self, ask: Callable[[], T]) -> T:
        """What a function returns on the server's thread."""

        async def run() -> T:
            return ask()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(TIMEOUT_S)

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """The first true value of a condition, on the server's thread."""
        return until(lambda: self.call(condition), TIMEOUT_S, what)

    def say(self, text: str) -> None:
        """Somebody says that into the microphone, once it is open."""
        self.until(lambda: self.hub.status().state == "listening", "listening")
        self.fake.says(text)
        self.microphone.advance(2.0)

    # ---- requests

    def ask(self, method: str, path: str, port: int | None = None, **options: Any) -> httpx.Response:
        """Any request; whatever is answered must be OpenVIP's."""
        answer = self._client.request(method, f"http://127.0.0.1:{port or self.port}{path}", **options)
        if answer.status_code >= 400 and method != "HEAD":
            check_error(answer)
        return answer

    def post(self, path: str, value: Any = None, **options: Any) -> httpx.Response:
        """JSON, below the base."""
        body = {} if value is None else {"json": value}
        return self.ask("POST", f"/openvip{path}", **body, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", f"/openvip{path}", **options)

    def agent(self, name: str, query: str = "", port: int | None = None, base: str = "/openvip") -> "Listener":
        """An agent, connected."""
        return Listener(port or self.port, f"{base}/agents/{name}/messages{query}")

    # ---- serving

    def _run(self) -> None:
        try:
            anyio.run(self._serve, backend_options={"use_uvloop": True})
        except BaseException as error:  # told by whoever waits
            self._failure.append(error)
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), anyio.Event()
        entries = [ProviderEntry.model_validate(entry) for entry in self.fake.entries]
        settings = {"openVip": {"announcements": False}, "defaultTts": "fake:tts", "defaultAsr": "fake:asr"}
        async with running(self.home, *entries, **settings) as setup, anyio.create_task_group() as tasks:
            setup.runtime.live.device, setup.runtime.live.cutter = Device(self.microphone.open), LoudCutter
            self.hub = AgentHub(
                setup.runtime, self.home, lambda said: event(transcription(said)), self.loudspeaker.open
            )
            tasks.start_soon(self.hub.run)
            listeners = [bind_tcp("127.0.0.1", self.wanted_port), bind_tcp("127.0.0.1", 0)]
            self.port, self.own_port = (listener.getsockname()[1] for listener in listeners)
            door = OpenVip(self.hub, _rest, frozenset({self.own_port}), self._shut_down)
            guard = Guard(Cors(door), {LISTED}.__contains__, words=door.refusal)
            server = HttpServer(guard, connection_class(lambda *_: True))
            tasks.start_soon(server.serve, listeners)
            self._ready.set()
            await self._stop.wait()
            door.stop()
            server.stop()
            await runtime.until(lambda: not server.server_state.tasks)
            tasks.cancel_scope.cancel()

    def _shut_down(self) -> None:
        self.ended += 1


class Listener:
    """An open stream, read line by line as clients do."""

    def __init__(self, port: int, path: str, **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self.connection.request("GET", path, headers={"Accept": "text/event-stream", **headers})
        self.response = self.connection.getresponse()
        self.status = self.response.status
        if self.status == 200:
            assert self.response.readline() == b": connected\n" and self.response.readline() == b"\n"

    def next(self) -> Any:
        """The next event's data; its name must be its type."""
        name, data = None, None
        while line := self.response.readline():
            assert b"\r" not in line
            if line == b"\n" and data is not None:
                assert name == data.get("type")
                assert "type" not in data or not faults(data)
                return data
            if line.startswith(b"event: "):
                name = line.removeprefix(b"event: ").decode("ascii").rstrip("\n")
            elif line.startswith(b"data: "):
                data = orjson.loads(line.removeprefix(b"data: "))
        return None

    def rest(self) -> bytes:
        """Everything until the stream ends."""
        return self.response.read()

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def _rest(scope: Any, receive: Any, send: Any) -> None:
    """What answers everything else."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"another door"})


def message(text: str = "hello", **fields: Any) -> dict[str, Any]:
    """A transcription as clients send it."""
    base = {"openvip": "1.0", "type": "transcription", "id": str(uuid4()), "timestamp": "2026-11-21 01:36:51.8+00:00"}
    return {**base, "text": text, **fields}


def speech(text: str = "hello", **fields: Any) -> dict[str, Any]:
    """A request to speak."""
    return message(text, **{"type": "speech", **fields})


def check_error(answer: httpx.Response) -> dict[str, Any]:
    """It is an error as OpenVIP has them; returns it."""
    assert answer.headers["content-type"] == "application/json", answer.text
    body = json.loads(answer.content)
    assert body["openvip"] == "1.0" and body["error"] == body["detail"] and body["error"]
    codes = {"INVALID_FORMAT", "MISSING_FIELD", "NOT_FOUND", "CONFLICT", "INTERNAL_ERROR"}
    assert body.get("code", "NOT_FOUND") in codes
    assert len(body["id"]) == len(body["ref"]) == 36
    return body


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("XDG_RUNTIME_DIR", raising=False)
        with Place(tmp_path_factory.mktemp("openvip")).running() as place:
            yield place
            assert place.until(lambda: not place.hub.agents.connected, "everybody gone")
