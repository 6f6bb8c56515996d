"""Event streams: whole events, in order, at once, and never more of them in memory than a mailbox holds."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from vox.doors.openvip.sse import FULL, TRANSPORT, Stream
from vox.runtime.agents.mailbox import BOUND, Mailbox

pytestmark = pytest.mark.anyio
Message = MutableMapping[str, Any]


class Connection:
    """A connection as the server has it: what is written waits until the client takes it.

    Args:
        direct: Whether its transport is offered.
    """

    def __init__(self, direct: bool) -> None:
        self.direct = direct
        self.writes: list[bytes] = []
        self.unread = 0
        self.start: Message = {}
        self.ended = False
        self._room, self._gone, self._written = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._room.set()

    # ---- the transport

    def write(self, data: bytes) -> None:
        if self._gone.is_set():
            raise RuntimeError("the handle is closed")  # as uvloop does
        self.writes.append(data)
        self.unread += len(data)
        if self.unread > FULL:
            self._room.clear()
        self._written.set()

    def set_write_buffer_limits(self, high: int) -> None:
        assert high == FULL

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self._gone.is_set()

    # ---- ASGI

    @property
    def scope(self) -> dict[str, Any]:
        return {"type": "http", **({"extensions": {TRANSPORT: self}} if self.direct else {})}

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self._room.wait()
        if self._gone.is_set() and message["type"] != "http.response.start":
            return
        if message["type"] == "http.response.start":
            self.start = message
        elif not message["more_body"]:
            self.ended = True
        else:
            self.write(b"%x\r\n%b\r\n" % (len(message["body"]), message["body"]))

    # ---- the client

    def take(self) -> None:
        """Read everything."""
        self.unread = 0
        self._room.set()

    def leave(self) -> None:
        self._gone.set()
        self._room.set()

    async def written(self, count: int) -> list[bytes]:
        """What was written, chunk by chunk, once it is so many chunks."""
        while len(self.writes) < count:
            self._written.clear()
            async with asyncio.timeout(5):
                await self._written.wait()
        for chunk in self.writes:
            size, _, rest = chunk.partition(b"\r\n")
            assert rest.endswith(b"\r\n") and int(size, 16) == len(rest) - 2
        return [chunk.partition(b"\r\n")[2].removesuffix(b"\r\n") for chunk in self.writes]


@pytest.fixture(params=[True, False], ids=["direct", "asgi"])
def connection(request: pytest.FixtureRequest) -> Callable[[], Connection]:
    return lambda: Connection(request.param)


def begin(connection: Connection, mailbox: Mailbox, **options: Any) -> "asyncio.Task[None]":
    run: Awaitable[None] = Stream(connection.scope, connection.receive, connection.send, mailbox, **options).run()
    return asyncio.ensure_future(run)


async def test_each_event_is_one_write(connection: Callable[[], Connection]) -> None:
    line, mailbox = connection(), Mailbox()
    mailbox.put(b"data: before\n\n")
    task = begin(line, mailbox)
    assert await line.written(2) == [b": connected\n\n", b"data: before\n\n"]
    headers = dict(line.start["headers"])
    assert line.start["status"] == 200 and headers[b"content-type"] == b"text/event-stream"
    assert headers[b"cache-control"] == b"no-store" and headers[b"x-accel-buffering"] == b"no"
    for number in range(3):
        mailbox.put(b"data: %d\n\n" % number)
    assert (await line.written(5))[2:] == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]
    line.leave()
    await task
    assert mailbox.reader is None and not line.ended


async def test_at_once() -> None:
    """Where the transport is known, an event has been written when `put` returns."""
    line, mailbox = Connection(direct=True), Mailbox()
    task = begin(line, mailbox)
    await line.written(1)
    await asyncio.sleep(0)
    mailbox.put(b"data: now\n\n")
    assert len(line.writes) == 2 and not len(mailbox)
    line.leave()
    await task


async def test_a_full_connection_keeps_the_order(connection: Callable[[], Connection]) -> None:
    line, mailbox = connection(), Mailbox()
    task = begin(line, mailbox)
    await line.written(1)
    sent = [b"data: %05d%b\n\n" % (number, b"." * 1000) for number in range(200)]
    for number, event in enumerate(sent):
        mailbox.put(event)
        if number % 70 == 0:
            line.take()
        if number % 7 == 0:
            await asyncio.sleep(0)
    while len(line.writes) < 201:
        line.take()
        await asyncio.sleep(0)
    assert (await line.written(201))[1:] == sent
    assert mailbox.dropped == 0
    line.leave()
    await task


async def test_who_never_reads_is_sent_nothing_more(connection: Callable[[], Connection]) -> None:
    line, mailbox = connection(), Mailbox()
    task = begin(line, mailbox, keep_alive_s=0.001)
    await line.written(1)
    for _ in range(5000):
        mailbox.put(b"." * 1000)
        await asyncio.sleep(0)
    assert line.unread < FULL + 3000 and mailbox.size <= BOUND
    assert mailbox.dropped > 2500
    line.leave()
    await task


async def test_comments_while_nothing_happens(connection: Callable[[], Connection]) -> None:
    line, mailbox = connection(), Mailbox()
    task = begin(line, mailbox, keep_alive_s=0.001)
    assert (await line.written(4))[1:4] == [b": keepalive\n\n"] * 3
    mailbox.put(b"data: a\n\n")
    line.leave()
    await task


async def test_the_end(connection: Callable[[], Connection]) -> None:
    line, mailbox = connection(), Mailbox()
    task = begin(line, mailbox)
    await line.written(1)
    mailbox.put(b"data: last\n\n")
    mailbox.close()
    await task
    assert line.ended and (await line.written(2))[-1] == b"data: last\n\n"


async def test_first_events_and_headers() -> None:
    line, mailbox = Connection(direct=False), Mailbox()
    stream = Stream(line.scope, line.receive, line.send, mailbox)
    task = asyncio.ensure_future(stream.run([b"data: a\n\n", b"data: b\n\n"], [(b"x-request-id", b"7")]))
    assert await line.written(1) == [b": connected\n\ndata: a\n\ndata: b\n\n"]
    line.leave()
    await task
    assert (b"x-request-id", b"7") in line.start["headers"]


async def test_gone() -> None:
    line = Connection(direct=True)
    stream = Stream(line.scope, line.receive, line.send, Mailbox())
    assert not stream.is_gone
    line.leave()
    assert stream.is_gone
    assert not Stream({"type": "http"}, line.receive, line.send, Mailbox()).is_gone


async def test_what_is_put_when_the_client_has_just_gone(connection: Callable[[], Connection]) -> None:
    line, mailbox = connection(), Mailbox()
    task = begin(line, mailbox)
    await line.written(1)
    line.leave()
    mailbox.put(b"data: too late\n\n")
    await task
    assert len(line.writes) == 1


async def test_cancelling(connection: Callable[[], Connection]) -> None:
    line, mailbox = connection(), Mailbox()
    task = begin(line, mailbox)
    await line.written(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert mailbox.reader is None
