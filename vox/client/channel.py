"""Frames to and from the daemon: lines on its unix socket, or text frames on its WebSocket where there is none."""

import contextlib
import socket
from typing import TYPE_CHECKING, Protocol

from vox.client.discovery import Address

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

__all__ = ["MAX_FRAME", "Channel", "UnixChannel", "WebSocketChannel", "open_channel"]

MAX_FRAME = 512 << 20
"""Bytes of one answer: the longest speech a daemon makes, in base64, with room to spare."""

_CONNECT_S = 5.0  # this machine answers in microseconds or is in trouble
_SEND_S = 30.0  # a daemon that has not read a request by then reads nothing any more
_READ_BYTES = 1 << 20


class Channel(Protocol):
    """A connection to the daemon. Every method raises OSError once the daemon is gone."""

    def send(self, frame: bytes) -> None:
        """Send one JSON text, without line ends inside."""
        ...

    def receive(self, silence_s: float) -> bytes | None:
        """The next frame; None when nothing has come for `silence_s` seconds."""
        ...

    def alive(self) -> bool:
        """Whether the other side is still there, as far as that can be told without asking it."""
        ...

    def close(self) -> None:
        """Let go. May be called more than once."""
        ...


def open_channel(address: Address) -> Channel:
    """Connect to a daemon.

    Raises:
        OSError: Nobody listens there.
    """
    if address.socket is not None and hasattr(socket, "AF_UNIX"):
        return UnixChannel(address.socket)
    return WebSocketChannel(address.port, address.token)


class UnixChannel:
    """Newline-delimited frames on a unix socket."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(_CONNECT_S)
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._received = bytearray()
        self._searched = 0  # bytes known to hold no line end: a long answer is looked through once

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        self._socket.settimeout(_SEND_S)
        self._socket.sendall(frame + b"\n")

    def receive(self, silence_s: float) -> bytes | None:
        """The next frame; None after `silence_s` seconds without a byte."""
        while (end := self._received.find(b"\n", self._searched)) < 0:
            self._searched = len(self._received)
            self._socket.settimeout(silence_s)
            try:
                data = self._socket.recv(_READ_BYTES)
            except TimeoutError:
                return None
            if not data:
                raise ConnectionError("it closed the connection")
            if len(self._received) + len(data) > MAX_FRAME:
                raise ConnectionError(f"it sent a line of more than {MAX_FRAME} bytes")
            self._received += data
        frame = bytes(self._received[:end])
        del self._received[: end + 1]
        self._searched = 0
        return frame

    def alive(self) -> bool:
        """Whether the connection is still open."""
        try:
            self._socket.settimeout(0)
            return self._socket.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Close the socket; the daemon cancels what it was still doing for us."""
        self._socket.close()


class WebSocketChannel:
    """Text frames on the daemon's WebSocket, with the token of runtime.json."""

    def __init__(self, port: int, token: str) -> None:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        self._open = contextlib.ExitStack()
        try:
            connecting = connect(
                f"ws://127.0.0.1:{port}/",
                additional_headers={"Authorization": f"Bearer {token}"},
                open_timeout=_CONNECT_S,
                max_size=MAX_FRAME,
                compression=None,
                proxy=None,
            )
            self._socket: ClientConnection = self._open.enter_context(connecting)
        except WebSocketException as error:
            raise ConnectionError(f"it refused the connection: {error}") from error

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        from websockets.exceptions import ConnectionClosed

        try:
            self._socket.send(frame.decode("ascii"))
        except ConnectionClosed as error:
            raise ConnectionError("it closed the connection") from error

    def receive(self, silence_s: float) -> bytes | None:
        """The next frame; None after `silence_s` seconds without one."""
        from websockets.exceptions import ConnectionClosed

        try:
            frame = self._socket.recv(timeout=silence_s)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            raise ConnectionError("it closed the connection") from error
        return frame.encode("utf-8") if isinstance(frame, str) else frame

    def alive(self) -> bool:
        """Whether the connection is still open."""
        return self._socket.close_code is None

    def close(self) -> None:
        """Close the socket; the daemon cancels what it was still doing for us."""
        self._open.close()
