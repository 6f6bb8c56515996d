"""The two sockets of the client RPC: a WebSocket endpoint, and newline-delimited frames on a unix socket."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from vox.doors.rpc.connection import Connection
from vox.doors.rpc.handler import Access
from vox.doors.rpc.methods import Methods
from vox.log import get_logger

__all__ = ["MAX_FRAME", "Outbox", "serve_stream", "serve_websocket"]

MAX_FRAME = 64 << 20
"""Bytes of one frame from a client."""

_log = get_logger()

_MAX_UNSENT = 64 << 20  # answers a client may leave waiting behind the one that is sent; past it, it is gone or hostile
_GROUP = 1 << 18  # bytes of frames written at once: many small answers cost one call of the system, and little memory
_ENOUGH = 1 << 20  # bytes on their way, past which a call that answers in parts waits before it adds another


class Outbox:
    """Frames on their way to one client, sent in order by one task, bounded in bytes."""

    def __init__(self, overflow: Callable[[], None]) -> None:
        self._frames: list[bytes] = []
        self._bytes = self._sending = 0
        self._news, self._sent = asyncio.Event(), asyncio.Event()
        self._overflow = overflow

    def put(self, frame: bytes) -> None:
        """Send a frame when its turn comes; a client too far behind is let go. A single one may have any size: the
        speech of an hour is one."""
        if self._bytes and self._bytes + len(frame) > _MAX_UNSENT:
            self._frames, self._bytes = [], 0
            self._overflow()
            return
        self._frames.append(frame)
        self._bytes += len(frame)
        self._news.set()

    async def room(self) -> None:
        """Wait while much is on its way."""
        while self._bytes + self._sending > _ENOUGH:
            self._sent.clear()
            await self._sent.wait()

    async def flushed(self) -> None:
        """Wait until nothing is on its way."""
        while self._bytes + self._sending:
            self._sent.clear()
            await self._sent.wait()

    async def run(self, send: Callable[[list[bytes]], Awaitable[None]]) -> None:
        """Hand over what has come together, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            frames, self._frames = self._frames, []
            self._sending, self._bytes = self._bytes, 0
            await send(frames)
            self._sending = 0
            self._sent.set()


async def serve_websocket(socket: WebSocket, methods: Methods, access: Access) -> None:
    """Serve one WebSocket client until it leaves."""
    await socket.accept()

    async def send(frames: list[bytes]) -> None:
        for frame in frames:
            await socket.send_text(frame[:-1].decode("utf-8"))

    with contextlib.suppress(WebSocketDisconnect):
        async with anyio.create_task_group() as tasks:
            outbox = Outbox(tasks.cancel_scope.cancel)
            connection = Connection(methods, access, outbox.put, tasks, outbox.room)
            tasks.start_soon(_pump, outbox, send, tasks.cancel_scope.cancel)
            while (message := await socket.receive())["type"] == "websocket.receive":
                text = message.get("text")
                connection.receive(text.encode("utf-8") if text is not None else message["bytes"])
            tasks.cancel_scope.cancel()


async def serve_stream(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, methods: Methods, access: Access
) -> None:
    """Serve one client of the unix socket until it leaves."""

    async def send(frames: list[bytes]) -> None:
        for group in _groups(frames):
            writer.writelines(group)
            await writer.drain()

    def let_go() -> None:
        tasks.cancel_scope.cancel()
        writer.transport.abort()  # what is on its way to it would be kept until it reads, which it does not

    try:
        async with anyio.create_task_group() as tasks:
            outbox = Outbox(let_go)
            connection = Connection(methods, access, outbox.put, tasks, outbox.room)
            tasks.start_soon(_pump, outbox, send, tasks.cancel_scope.cancel)
            while line := await _read_line(reader):
                connection.receive(line)
            tasks.cancel_scope.cancel()
    except Exception:  # of ours, whatever it is: it ends this connection, never the daemon
        _log.exception("rpc.connection_failed")
    finally:
        writer.close()


async def _pump(outbox: Outbox, send: Callable[[list[bytes]], Awaitable[None]], gone: Callable[[], object]) -> None:
    try:
        await outbox.run(send)
    except (OSError, WebSocketDisconnect, RuntimeError):  # RuntimeError is starlette's word for a closed socket
        gone()


def _groups(frames: list[bytes]) -> Iterator[list[bytes]]:
    """Some frames at a time."""
    start, size = 0, 0
    for index, frame in enumerate(frames):
        if size and size + len(frame) > _GROUP:
            yield frames[start:index]
            start, size = index, 0
        size += len(frame)
    yield frames[start:]


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    """The next line; empty when the client is gone or its line is over the cap."""
    try:
        return await reader.readuntil(b"\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return b""
