"""A crowd of OpenVIP agents in one thread: as little work as possible for each message, so that the server's is seen.

Agents are plain sockets under one selector, senders are kept connections. A message has its number as its text; the
time of its delivery is from the last moment before it is sent to the one in which its agent has read all of it, both
by the same clock of the same process.
"""

import json
import re
import selectors
import socket
import time
import uuid
from collections.abc import Sequence
from itertools import count

__all__ = ["LIMIT_S", "Crowd", "Sender", "message", "messages_of", "subscribe"]

LIMIT_S = 60.0
"""Of anything: a server that takes longer has failed."""

_PIECE = 65536
_EVENT = re.compile(rb'data: \{[^\n]*?"text": ?"(\d+) ?[^"]*"[^\n]*\}\r?\n\r?\n')
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ids = count()


class Crowd:
    """Agents that read. Use it in a `with`.

    Args:
        port: Of the server, on this machine.
        size: How many agents.
    """

    def __init__(self, port: int, size: int) -> None:
        self.names = [f"agent-{next(_ids)}" for _ in range(size)]
        opened = [subscribe(port, messages_of(name)) for name in self.names]
        self._sockets = [agent for agent, _ in opened]
        self._rest = {agent.fileno(): rest for agent, rest in opened}
        self._selector = selectors.DefaultSelector()
        for agent in self._sockets:
            agent.setblocking(False)
            self._selector.register(agent, selectors.EVENT_READ, self._read)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for agent in self._sockets:
            agent.close()

    def deliver(self, senders: Sequence["Sender"], to: Sequence[str], padding: int = 0) -> tuple[list[float], float]:
        """Send one message to each of `to`, every sender the next one as soon as its last is answered.

        Args:
            padding: Letters of each message that say nothing.

        Returns:
            The seconds of each delivery, and those of them all together.
        """
        self._came: dict[int, float] = {}
        sent: dict[int, float] = {}
        waiting = iter(enumerate(to))
        texts = [message(f"{number} {'x' * padding}") for number in range(len(to))]

        def send_next(sender: Sender) -> None:
            if (following := next(waiting, None)) is not None:
                number, name = following
                request = sender.request(name, texts[number])
                sent[number] = time.perf_counter()
                sender.send(request)

        for sender in senders:
            self._selector.register(sender.socket, selectors.EVENT_READ, lambda _, s=sender: s.read() and send_next(s))
        begin = time.perf_counter()
        for sender in senders:
            send_next(sender)
        while len(self._came) < len(to):
            if time.perf_counter() - begin > LIMIT_S:
                raise RuntimeError(f"{len(to) - len(self._came)} of {len(to)} messages did not arrive")
            for key, _ in self._selector.select(1.0):
                key.data(key.fileobj)
        took = max(self._came.values()) - begin
        for sender in senders:
            self._selector.unregister(sender.socket)
            sender.finish()
        return [self._came[number] - sent[number] for number in sent], took

    def _read(self, agent: socket.socket) -> None:
        data = agent.recv(_PIECE)
        now = time.perf_counter()
        if not data:
            raise RuntimeError("the server ended an agent's stream")
        rest = self._rest[agent.fileno()] + data
        end = 0
        for event in _EVENT.finditer(rest):
            self._came[int(event[1])] = now
            end = event.end()
        self._rest[agent.fileno()] = rest[end:]


class Sender:
    """A connection over which one message after another is posted."""

    def __init__(self, port: int) -> None:
        self._head = f"Host: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: "
        self.socket = _connect(port)
        self._answer, self._busy = b"", False

    def close(self) -> None:
        """End it."""
        self.socket.close()

    def request(self, name: str, body: bytes) -> bytes:
        """What posts a message to an agent."""
        return f"POST {messages_of(name)} HTTP/1.1\r\n{self._head}{len(body)}\r\n\r\n".encode() + body

    def send(self, request: bytes) -> None:
        """Send it; `read` or `finish` takes the answer."""
        self.socket.sendall(request)
        self._answer, self._busy = b"", True

    def read(self) -> bool:
        """Read what has come. Whether the answer is there as a whole, and is a good one.

        Raises:
            RuntimeError: It is not a good one.
        """
        data = self.socket.recv(_PIECE)
        self._answer += data
        head, whole, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not data or (whole and (b" 200 " not in head[:16] or length is None)):
            raise RuntimeError(f"a message was refused: {self._answer.decode(errors='replace')}")
        if not whole or length is None or len(body) < int(length[1]):
            return False
        self._busy = False
        return True

    def finish(self) -> None:
        """Wait for the answer to the last message."""
        while self._busy:
            self.read()


def message(text: str) -> bytes:
    """A transcription, as bytes."""
    told = {"openvip": "1.0", "type": "transcription", "id": str(uuid.uuid4()), "timestamp": "2026-01-01T00:00:00Z"}
    return json.dumps({**told, "text": text}).encode()


def _connect(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), LIMIT_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def subscribe(port: int, path: str, receive: int | None = None) -> tuple[socket.socket, bytes]:
    """A stream of events, once it is open, and what came with its head.

    Args:
        receive: Bytes that the system may keep for one that does not read; left to it unless given.

    Raises:
        RuntimeError: It was refused.
    """
    made = socket.socket()
    if receive is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    made.settimeout(LIMIT_S)
    made.connect(("127.0.0.1", port))
    made.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n".encode())
    told = b""
    while b"\r\n\r\n" not in told and (data := made.recv(_PIECE)):
        told += data
    head, _, rest = told.partition(b"\r\n\r\n")
    if b" 200 " not in head[:16]:
        raise RuntimeError(f"a stream was refused: {told.decode(errors='replace')}")
    return made, rest


def messages_of(name: str) -> str:
    """The path of an agent's messages."""
    return f"/openvip/agents/{name}/messages"
