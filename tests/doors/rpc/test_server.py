"""What stands between a socket and a connection: order, bounds, and failures that stay where they happen."""

import asyncio
import json
from typing import Any

import anyio
import pytest

from tests.doors.conftest import OWNER, talking
from vox.doors.rpc.server import MAX_FRAME, Outbox, serve_stream
from vox.paths import Home

pytestmark = pytest.mark.anyio


async def test_frames_leave_in_order_and_together() -> None:
    outbox, taken = Outbox(lambda: None), list[list[bytes]]()

    async def send(frames: list[bytes]) -> None:
        taken.append(frames)

    async with anyio.create_task_group() as tasks:
        outbox.put(b"1")
        outbox.put(b"2")
        tasks.start_soon(outbox.run, send)
        await anyio.wait_all_tasks_blocked()
        outbox.put(b"3")
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert taken == [[b"1", b"2"], [b"3"]]


async def test_a_client_that_never_reads_is_let_go() -> None:
    overflowed: list[bool] = []
    outbox = Outbox(lambda: overflowed.append(True))
    outbox.put(bytes(MAX_FRAME))  # one may have any size
    assert not overflowed
    outbox.put(b"x")
    assert overflowed == [True]


class Wire:
    """A client of `serve_stream` through a pair of real sockets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, frame: dict[str, Any]) -> Any:
        self.writer.write(json.dumps(frame).encode("utf-8") + b"\n")
        return json.loads(await self.reader.readline())


async def test_a_failure_in_one_connection_stays_there(home: Home) -> None:
    import socket

    async with talking(home, access=OWNER) as talk, anyio.create_task_group() as tasks:
        here, there = socket.socketpair()
        served_reader, served_writer = await asyncio.open_unix_connection(sock=there)
        wire = Wire(*await asyncio.open_unix_connection(sock=here))
        tasks.start_soon(serve_stream, served_reader, served_writer, talk.methods, OWNER)
        assert (await wire.ask({"id": "1", "method": "health"}))["result"] == {"service": "Vox"}
        served_reader.set_exception(ZeroDivisionError("what nobody thought of"))
        with anyio.fail_after(5):
            assert await wire.reader.read() == b""
        assert (await talk.ask("health"))["result"]
        wire.writer.close()
        await wire.writer.wait_closed()
