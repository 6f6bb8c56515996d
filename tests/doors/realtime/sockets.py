"""A client of a real Realtime socket that takes nothing for granted: plain WebSocket frames, plain JSON."""

import base64
import json
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

__all__ = ["Line", "dial", "refused"]

Event = dict[str, Any]

_BOUND_S = 20.0


class Line:
    """One connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[Event] = []

    def send(self, type: str, /, **fields: Any) -> None:
        """An event of the client."""
        self.raw(json.dumps({"type": type, **fields}))

    def raw(self, frame: str | bytes) -> None:
        """A frame as it is."""
        self.socket.send(frame)

    def say(self, pcm: bytes, piece: int = 9600) -> None:
        """Append sound, piece by piece."""
        for start in range(0, len(pcm), piece):
            audio = base64.b64encode(pcm[start : start + piece]).decode("ascii")
            self.send("input_audio_buffer.append", audio=audio)

    def receive(self, seconds: float = _BOUND_S) -> Event:
        """The next event."""
        event = json.loads(self.socket.recv(timeout=seconds))
        self.events.append(event)
        return event

    def until(self, type: str, seconds: float = _BOUND_S) -> Event:
        """The next event of that type; what comes before it is kept in `events`."""
        deadline = time.monotonic() + seconds
        while (event := self.receive(max(0.01, deadline - time.monotonic())))["type"] != type:
            pass
        return event

    def error(self) -> dict[str, Any]:
        """The next error; nothing else may come before it."""
        event = self.receive()
        assert event["type"] == "error", event
        assert event["error"].keys() == {"type", "code", "message", "param", "event_id"}
        return event["error"]

    def answers(self) -> None:
        """The session can still be used."""
        self.send("session.update", session={"type": "realtime", "instructions": "Be kind."})
        assert self.until("session.updated")["session"]["instructions"] == "Be kind."

    def ended(self) -> int:
        """The close code, once the server has closed; events until then are kept."""
        try:
            while True:
                self.receive()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "the connection broke"
            return closed.rcvd.code


@contextmanager
def dial(
    port: int,
    query: str = "",
    *,
    offered: Iterable[str] = (),
    key: str | None = None,
    created: bool = True,
    **headers: str,
) -> Generator[Line]:
    """A session, begun."""
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    with connect(
        f"ws://127.0.0.1:{port}/v1/realtime{query}",
        subprotocols=[Subprotocol(name) for name in offered] or None,
        additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
        max_size=1 << 26,
        compression=None,
    ) as socket:
        line = Line(socket)
        if created:
            first = line.receive()
            assert first["type"] in ("session.created", "transcription_session.created"), first
        yield line


def refused(port: int, query: str = "", **more: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers of a handshake that must fail."""
    try:
        with dial(port, query, created=False, **more):
            raise AssertionError("the handshake was accepted")
    except InvalidStatus as error:
        body = error.response.body or b"{}"
        return error.response.status_code, json.loads(body), dict(error.response.headers)
