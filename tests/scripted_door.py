"""A daemon of the tests' own, as far as agents see one: it says what it is told to, and keeps what it was asked.

It is found by the runtime.json of a home, answers every call on its unix socket, and has the OpenVIP door on a port.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from vox import __version__
from vox.errors import VoxError
from vox.paths import Home

BOUND_S = 10.0
OK = {"openvip": "1.0", "status": "ok"}


def refused(error: VoxError) -> tuple[int, dict[str, Any]]:
    """Status and body of an answer that tells of an error."""
    return error.http_status, {"openvip": "1.0", "error": error.message, "x_vox": error.info()}


def message(text: str, *ops: str, **more: Any) -> dict[str, Any]:
    """A transcription as the daemon sends it."""
    said = {"openvip": "1.0", "type": "transcription", "id": str(uuid4()), "timestamp": "2026-11-21T10:00:00Z"}
    asked = {"x_input": {"ops": list(ops), "source": "vox"}} if ops else {}
    return {**said, "text": text, **asked, **more}


def event(value: dict[str, Any]) -> bytes:
    """The bytes of one server-sent event."""
    return f"event: {value.get('type', 'status')}\r\ndata: {json.dumps(value)}\r\n\r\n".encode()


class ScriptedDoor:
    """One daemon. `answers` maps a path, or a path and the command that is sent there, to status and body."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.asked: list[tuple[str, str, Any]] = []
        self.called: list[tuple[str, Any]] = []
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.status: dict[str, Any] = {"openvip": "1.0", "stt": {"enabled": True, "active": True}, "platform": {}}
        self._news = threading.Condition()
        self._agents: dict[str, socket.socket] = {}
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port = 0

    # ---- what a test does

    def start(self) -> None:
        """Listen, and be found."""
        self.home.ensure()
        path = self.home.root / "door.sock"
        path.unlink(missing_ok=True)
        calls = socket.socket(socket.AF_UNIX)
        calls.bind(str(path))
        door = socket.create_server(("127.0.0.1", 0))
        self.port = door.getsockname()[1]
        for listener, serve in ((calls, self._answer_calls), (door, self._answer_door)):
            listener.listen()
            self._open.append(listener)
            self._run(self._accept, listener, serve)
        facts = {"socket": str(path), "port": self.port, "pid": 1, "version": __version__, "token": "secret"}
        self.home.runtime_json.write_text(json.dumps(facts), encoding="utf-8")

    def stop(self) -> None:
        """End all connections, and listen no more."""
        self.home.runtime_json.unlink(missing_ok=True)
        with self._news:
            ending, self._open = self._open, []
            self._agents.clear()
        for connection in ending:
            _end(connection)
        for thread in self._threads:
            thread.join(BOUND_S)
            assert not thread.is_alive()
        self._threads.clear()

    def wait(self, true: Callable[[], object]) -> None:
        """Until that is so."""
        with self._news:
            assert self._news.wait_for(true, BOUND_S), f"what was waited for did not happen; asked: {self.asked}"

    def wait_for(self, agent: str) -> None:
        """Until the agent is there."""
        self.wait(lambda: agent in self._agents)

    def wait_gone(self, agent: str) -> None:
        """Until it is not."""
        self.wait(lambda: agent not in self._agents)

    def tell(self, agent: str, text: str, *ops: str, **more: Any) -> None:
        """Say something to an agent."""
        self.send(agent, event(message(text, *ops, **more)))

    def tell_status(self, **platform: Any) -> None:
        """Say how things stand to whoever follows that."""
        self.send("status", event({**self.status, "platform": platform}))

    def send(self, agent: str, data: bytes) -> None:
        """Send an agent one chunk of bytes."""
        self.wait_for(agent)
        self._agents[agent].sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def commands(self) -> list[str]:
        """The control commands that came."""
        return [body["command"] for _, path, body in self.asked if path == "/openvip/control"]

    # ---- inside

    def _run(self, work: Callable[..., None], *given: Any) -> None:
        self._threads.append(threading.Thread(target=work, args=given))
        self._threads[-1].start()

    def _accept(self, listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with self._news:
                if listener not in self._open:  # stopped meanwhile
                    peer.close()
                    return
                self._open.append(peer)
            self._run(serve, peer)

    def _answer_calls(self, peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as lines:
            for line in _read(lines):
                call = json.loads(line)
                with self._news:
                    self.called.append((call["method"], call.get("params")))
                    self._news.notify_all()
                answer = {"jsonrpc": "2.0", "id": call["id"], "result": {"status": "ok", "deaf": True}}
                peer.sendall(json.dumps(answer).encode() + b"\n")

    def _answer_door(self, peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as lines:
            head: list[str] = []
            while (line := lines.readline()) not in (b"", b"\r\n"):
                head.append(line.decode().strip())
            if line == b"":  # whoever asks has gone
                return
            method, target, _ = head[0].split(" ")
            headers = dict(line.lower().split(": ", 1) for line in head[1:])
            body = lines.read(int(headers.get("content-length", 0)))
            assert headers["authorization"] == "bearer secret" and headers["host"] == f"127.0.0.1:{self.port}"
            self._note(method, target, json.loads(body) if body else None)
            path = target.partition("?")[0]
            refused = self.answers.get(path)
            if method == "GET" and path.endswith(("/messages", "/status/stream")) and refused is None:
                self._stream(path.split("/")[-2], peer, lines)
            else:
                _answer(peer, *(refused or (200, self.status if path == "/openvip/status" else OK)))

    def _note(self, method: str, target: str, body: Any) -> None:
        with self._news:
            self.asked.append((method, target, body))
            self._news.notify_all()

    def _stream(self, agent: str, peer: socket.socket, lines: Any) -> None:
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        peer.sendall(head.encode() + b"e\r\n: connected\r\n\r\n\r\n"[:19])
        with self._news:
            self._agents[agent] = peer
            self._news.notify_all()
        for _ in _read(lines):
            pass
        with self._news:
            if self._agents.get(agent) is peer:
                del self._agents[agent]
            self._news.notify_all()


def _read(lines: Any) -> Iterator[bytes]:
    """The lines until the other side goes."""
    try:
        yield from iter(lines.readline, b"")
    except OSError:
        return


def _answer(peer: socket.socket, status: int, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    peer.sendall(f"HTTP/1.1 {status} X\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):  # a listener on some systems, and what is closed already
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def scripted_door(root: Path) -> Iterator[ScriptedDoor]:
    """A door that listens until the end of the context."""
    door = ScriptedDoor(Home(root))
    door.start()
    try:
        yield door
    finally:
        door.stop()
