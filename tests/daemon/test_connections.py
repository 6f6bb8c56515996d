"""What a connection must do before anything it says is read."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import anyio
import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from vox.daemon import connections
from vox.daemon.connections import connection_class
from vox.daemon.listen import HttpServer, bind_tcp

pytestmark = pytest.mark.anyio

REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body, unless its length does not matter, and answers with its length."""
    size, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"%02d" % size})


@asynccontextmanager
async def serving(is_ours: Callable[..., bool] = lambda *_: True, head_s: float = 10) -> AsyncIterator[tuple[str, int]]:
    listener = bind_tcp("127.0.0.1", 0)
    server = HttpServer(app, connection_class(is_ours, head_s))
    async with anyio.create_task_group() as tasks:

        async def run() -> None:
            await server.serve(sockets=[listener])

        tasks.start_soon(run)
        yield listener.getsockname()
        server.stop()


async def talk(address: tuple[str, int], *pieces: bytes, pause: float = 0) -> bytes:
    """Send pieces, and read to the end of the first answer or of the connection."""
    reader, writer = await asyncio.open_connection(*address)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause)
    try:
        with anyio.fail_after(5), suppress(ConnectionResetError):
            head = await reader.readuntil(b"\r\n\r\n")
            return head.split(b"\r\n")[0] + (b" " + await reader.readexactly(2) if b"length: 2" in head else b"")
    except asyncio.IncompleteReadError:
        pass
    finally:
        writer.transport.abort()
    return b""


async def test_an_honest_request() -> None:
    asked: list[Any] = []

    def is_ours(peer: Any, local: Any) -> bool:
        asked.append((peer[0], local))
        return True

    async with serving(is_ours) as address:
        assert await talk(address, REQUEST) == b"HTTP/1.1 200 OK 00"
        assert asked == [("127.0.0.1", address)]


async def test_another_users_request() -> None:
    async with serving(lambda *_: False) as address:
        assert await talk(address, REQUEST) == b"HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize("pieces", [[], [b"GET"], [b"GET / HTTP/1.1\r\n", b"host: loc", b"alhost\r\n"]])
async def test_a_head_that_does_not_come(pieces: list[bytes]) -> None:
    async with serving(head_s=0.2) as address:
        begun = anyio.current_time()
        assert await talk(address, *pieces) == b""
        assert 0.15 < anyio.current_time() - begun < 3


async def test_a_head_without_end() -> None:
    async with serving() as address:
        reader, writer = await asyncio.open_connection(*address)
        with anyio.fail_after(5), suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\n")
            while not reader.at_eof():
                writer.write(b"x-filler: " + b"x" * 8000 + b"\r\n")
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()


async def test_a_second_head_that_does_not_come() -> None:
    async with serving(head_s=0.2) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n00")
        writer.write(b"GET / HT")
        with anyio.fail_after(3):
            assert await reader.read() == b""
        writer.close()


async def test_a_body_may_take_longer_than_a_head() -> None:
    head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\n"
    async with serving(head_s=0.1) as address:
        assert await talk(address, head, b"ab", b"cd", pause=0.2) == b"HTTP/1.1 200 OK 04"


async def test_what_is_left_of_a_body_that_was_answered_is_no_head() -> None:
    """Its client gets the answer, however much it still sends, and may ask again on the same connection."""
    body = b"x" * (10 * connections.MAX_HEAD)
    early = b"POST /early HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
    async with serving() as address:
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(2):
            writer.write(early)
            assert (await reader.readuntil(b"\r\n\r\n00")).startswith(b"HTTP/1.1 200")
            writer.write(body)
            await writer.drain()
        writer.write(REQUEST)
        assert (await reader.readuntil(b"\r\n\r\n00")).startswith(b"HTTP/1.1 200")
        writer.transport.abort()


async def test_the_last_piece_of_a_body_that_was_answered_may_be_large() -> None:
    """Given to the connection as a network gives it on a lucky day: all in one piece."""

    class Wire(asyncio.Transport):
        aborted = False

        def write(self, data: Any) -> None:
            written.append(bytes(data))

        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

        def is_closing(self) -> bool:
            return self.aborted

        def get_protocol(self) -> asyncio.BaseProtocol:
            return connection

        def pause_reading(self) -> None: ...

        def resume_reading(self) -> None: ...

        def abort(self) -> None:
            self.aborted = True

    written: list[bytes] = []
    config = Config(app, http=connection_class(lambda *_: True), lifespan="off")
    config.load()
    wire, connection = Wire(), cast("Any", config.http_protocol_class)(config, ServerState(), {})
    body = b"x" * (2 * connections.MAX_HEAD)
    connection.connection_made(wire)
    connection.data_received(b"POST /early HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body))
    with anyio.fail_after(5):
        while not written or not written[-1].endswith(b"00"):
            await asyncio.sleep(0)
    connection.data_received(body)
    assert not wire.aborted
    connection.data_received(b"GET / HTTP/1.1\r\nx-filler: " + body)
    assert wire.aborted, "of a head, so much is too much"


async def test_what_is_left_of_a_body_does_not_come_for_ever() -> None:
    early = b"POST /early HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9999\r\n\r\n"
    async with serving(head_s=0.05) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(early)
        assert (await reader.readuntil(b"\r\n\r\n00")).startswith(b"HTTP/1.1 200")
        end = asyncio.ensure_future(reader.read())
        with anyio.fail_after(5):
            while not end.done():
                writer.write(b"x")
                await asyncio.wait([end], timeout=0.01)
        assert end.exception() is not None or end.result() == b""
        writer.transport.abort()


async def test_one_connection_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 2)
    async with serving() as address:
        held = [socket.create_connection(address) for _ in range(2)]
        assert await talk(address, REQUEST) == b"HTTP/1.1 503 Service Unavailable"
        for connection in held:
            connection.close()
        for _ in range(50):
            if (answer := await talk(address, REQUEST)).startswith(b"HTTP/1.1 200"):
                break
        assert answer == b"HTTP/1.1 200 OK 00"  # there is room again
