"""Frames to and from the daemon, as `vox.client.channel`, on an event loop."""

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Protocol

from vox.client.channel import MAX_FRAME
from vox.client.discovery import Address

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["AsyncChannel", "AsyncUnixChannel", "AsyncWebSocketChannel", "open_async_channel"]

_CONNECT_S = 5.0  # this machine answers in microseconds or is in trouble


class AsyncChannel(Protocol):
    """A connection to the daemon. `send` and `receive` raise OSError once the daemon is gone, and may be cancelled
    without harm."""

    async def send(self, frame: bytes) -> None:
        """Send one JSON text, without line ends inside, and wait until there is room for more."""
        ...

    async def receive(self) -> bytes:
        """The next frame."""
        ...

    def alive(self) -> bool:
        """Whether the other side is still there, as far as that can be told without asking it."""
        ...

    async def close(self) -> None:
        """Let go. May be called more than once."""
        ...


async def open_async_channel(address: Address) -> AsyncChannel:
    """Connect to a daemon.

    Raises:
        OSError: Nobody listens there.
    """
    if address.socket is not None and hasattr(socket, "AF_UNIX"):
        return await AsyncUnixChannel.open(address.socket)
    return await AsyncWebSocketChannel.open(address.port, address.token)


class AsyncUnixChannel:
    """Newline-delimited frames on a unix socket."""

    def __init__(self, connected: socket.socket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._socket, self._reader, self._writer = connected, reader, writer

    @classmethod
    async def open(cls, path: str) -> "AsyncUnixChannel":
        """Connect.

        Raises:
            OSError: Nobody listens there.
        """
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connecting.setblocking(False)
            async with asyncio.timeout(_CONNECT_S):
                await asyncio.get_running_loop().sock_connect(connecting, path)
            reader, writer = await asyncio.open_unix_connection(sock=connecting, limit=MAX_FRAME)
        except BaseException:
            connecting.close()
            raise
        return cls(connecting, reader, writer)

    async def send(self, frame: bytes) -> None:
        """Send one frame."""
        self._writer.write(frame + b"\n")
        await self._writer.drain()

    async def receive(self) -> bytes:
        """The next frame."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            raise ConnectionError("it closed the connection") from error
        except asyncio.LimitOverrunError as error:
            raise ConnectionError(f"it sent a line of more than {MAX_FRAME} bytes") from error

    def alive(self) -> bool:
        """Whether the connection is still open. The socket itself is asked: a program that was busy for a while has not
        seen yet what its loop would tell."""
        if self._reader.at_eof() or self._writer.is_closing():
            return False
        try:
            return self._socket.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    async def close(self) -> None:
        """Close the socket; the daemon cancels what it was still doing for us."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class AsyncWebSocketChannel:
    """Text frames on the daemon's WebSocket, with the token of runtime.json."""

    def __init__(self, connected: "ClientConnection") -> None:
        self._socket = connected

    @classmethod
    async def open(cls, port: int, token: str) -> "AsyncWebSocketChannel":
        """Connect.

        Raises:
            OSError: Nobody listens there, or it refuses.
        """
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        try:
            connected = await connect(
                f"ws://127.0.0.1:{port}/",
                additional_headers={"Authorization": f"Bearer {token}"},
                open_timeout=_CONNECT_S,
                ping_interval=None,  # a silent daemon is asked for its health
                max_size=MAX_FRAME,
                compression=None,
                proxy=None,
            )
        except WebSocketException as error:
            raise ConnectionError(f"it refused the connection: {error}") from error
        return cls(connected)

    async def send(self, frame: bytes) -> None:
        """Send one frame."""
        from websockets.exceptions import ConnectionClosed

        try:
            await self._socket.send(frame.decode("ascii"))
        except ConnectionClosed as error:
            raise ConnectionError("it closed the connection") from error

    async def receive(self) -> bytes:
        """The next frame."""
        from websockets.exceptions import ConnectionClosed

        try:
            return await self._socket.recv(decode=False)
        except ConnectionClosed as error:
            raise ConnectionError("it closed the connection") from error

    def alive(self) -> bool:
        """Whether the connection is still open."""
        return self._socket.close_code is None

    async def close(self) -> None:
        """Close the socket; the daemon cancels what it was still doing for us."""
        await self._socket.close()
