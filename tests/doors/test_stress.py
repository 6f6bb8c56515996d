"""Many clients, many calls, and clients that behave badly: nothing is lost, nothing grows, nobody else waits."""

import asyncio
import json
import os
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.daemon.conftest import Client, Daemon, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


def url(served: Daemon) -> str:
    return f"ws://127.0.0.1:{served.facts()['port']}/"


def rss(served: Daemon) -> int:
    """Bytes of memory that the daemon uses."""
    text = Path(f"/proc/{served.pid}/status").read_text(encoding="utf-8")
    return int(text.split("VmRSS:")[1].split()[0]) << 10


def files(served: Daemon) -> int:
    return len(os.listdir(f"/proc/{served.pid}/fd"))


def settled(served: Daemon, before: int) -> None:
    """As many open files as before."""
    until(lambda: files(served) <= before)


async def ask(web: Any, number: int, method: str = "health", **params: Any) -> None:
    await web.send(json.dumps({"id": str(number), "method": method, "params": {"clientId": "stress", **params}}))


async def answers(web: Any, count: int) -> dict[str, Any]:
    """The next answers, by their ids."""
    frames = [json.loads(await asyncio.wait_for(web.recv(), 30)) for _ in range(count)]
    found = {frame["id"]: frame for frame in frames}
    assert len(found) == count
    return found


def _many(*values: int) -> Any:
    """The smaller number for everyday runs, the larger one for thorough ones."""
    return pytest.mark.parametrize(
        "count", [values[0], *(pytest.param(n, marks=pytest.mark.heavy) for n in values[1:])]
    )


@_many(16, 64)
def test_many_connections_at_once(served: Daemon, recording: str, count: int) -> None:
    async def one(index: int) -> None:
        async with connect(url(served)) as web:
            for number in range(10):
                await ask(web, number)
            await ask(web, 10, "transcribe.file", path=recording)
            await ask(web, 11, "no.such.method")
            found = await answers(web, 12)
            assert all("result" in found[str(number)] for number in range(10))
            heard = found["10"]  # an answer, or a typed one that says when to come back
            assert "result" in heard or heard["errorInfo"]["code"] in ("provider_busy", "queue_timeout"), heard
            assert found["11"]["error"] == "Unknown method: no.such.method"

    async def main() -> None:
        await asyncio.gather(*(one(index) for index in range(count)))

    asyncio.run(one_by_itself(recording, served))
    before = files(served)
    asyncio.run(main())
    settled(served, before)


async def one_by_itself(recording: str, served: Daemon) -> None:
    """Starts the providers, whose files stay open."""
    async with connect(url(served)) as web:
        await ask(web, 0, "transcribe.file", path=recording)
        await answers(web, 1)


@_many(1_000, 10_000)
def test_many_requests_on_one_socket(served: Daemon, count: int) -> None:
    """As many as may run at once, again and again; each is answered once, and nothing stays."""

    async def rounds(web: Any, numbers: range) -> None:
        for start in range(numbers.start, numbers.stop, 200):
            some = range(start, min(start + 200, numbers.stop))
            for number in some:
                await ask(web, number, "health" if number % 3 else "providers.status")
            found = await answers(web, len(some))
            assert found.keys() == {str(number) for number in some}
            assert all("result" in frame for frame in found.values())

    async def main() -> int:
        async with connect(url(served)) as web:
            await rounds(web, range(count // 5))  # what is loaded and kept for good is loaded by then
            warm = rss(served)
            await rounds(web, range(count // 5, count))
            return rss(served) - warm

    before = files(served)
    assert asyncio.run(main()) < 8 << 20
    settled(served, before)


def test_more_calls_than_may_run_are_refused_by_type(served: Daemon, recording: str) -> None:
    async def main() -> list[str]:
        async with connect(url(served)) as web:
            for number in range(400):
                await ask(web, number, "transcribe.file", path=recording)
            found = await answers(web, 400)
        return [frame.get("errorInfo", {}).get("code", "done") for frame in found.values()]

    ends = asyncio.run(main())
    assert set(ends) <= {"done", "provider_busy", "queue_timeout"} and "done" in ends and "provider_busy" in ends


@pytest.mark.parametrize("road", ["websocket", "unix"])
def test_a_reader_that_never_reads(served: Daemon, road: str) -> None:
    """What it does not read is bounded, it is let go, and what it leaves behind is given back."""
    before, memory = files(served), rss(served)
    with closing(_deaf(served, road)) as deaf, Client(served.socket) as other:
        slowest = _flood(deaf, road, other)
        assert slowest < 1.0
        grown = rss(served) - memory
        assert grown < 192 << 20, grown >> 20
        # The daemon has let it go, though it still holds its end.
        until(lambda: files(served) <= before + 1, 15)
    settled(served, before)


def _deaf(served: Daemon, road: str) -> socket.socket:
    if road == "unix":
        deaf = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        deaf.connect(served.socket)
        return deaf
    deaf = socket.create_connection(("127.0.0.1", served.facts()["port"]))
    head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    deaf.sendall(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
    assert deaf.recv(4096).startswith(b"HTTP/1.1 101")
    return deaf


def _flood(deaf: socket.socket, road: str, other: Client) -> float:
    """Ask for the longest answer there is until nobody listens any more. The slowest answer another client had."""
    request = b'{"id":"a","method":"rpc.discover"}'
    frame = request + b"\n" if road == "unix" else b"\x81" + bytes([0x80 | len(request)]) + b"\0\0\0\0" + request
    slowest, deadline = 0.0, time.monotonic() + 30
    deaf.settimeout(0.5)
    while time.monotonic() < deadline:
        try:
            deaf.sendall(frame * 20)
        except OSError:  # let go, or no longer read from
            return slowest
        begun = time.monotonic()
        other.call("health")
        slowest = max(slowest, time.monotonic() - begun)
    raise AssertionError("it was never let go")


def test_a_frame_over_the_cap_closes_with_its_reason(served: Daemon) -> None:
    async def main() -> ConnectionClosed:
        # Not as a context: to close what is closed already, with more sent than was read, fails inside asyncio.
        web = await connect(url(served), max_size=None, compression=None)
        with pytest.raises(ConnectionClosed) as closed:
            await web.send("x" * ((64 << 20) + 1))
            await asyncio.wait_for(web.recv(), 20)
        return closed.value

    closed = asyncio.run(main())
    assert closed.rcvd is not None and closed.rcvd.code == 1009
    with Client(served.socket) as client:
        assert client.call("health")["service"] == "Vox"


def test_compression_is_on_and_costs_little(served: Daemon) -> None:
    async def main() -> int:
        async with connect(url(served)) as first:
            assert first.protocol.extensions and first.protocol.extensions[0].name == "permessage-deflate"
            await ask(first, 0, "rpc.discover")
            await answers(first, 1)
            before = rss(served)
            webs = [await connect(url(served)) for _ in range(64)]
            for web in webs:
                await ask(web, 1, "rpc.discover")
                await answers(web, 1)
            grown = rss(served) - before
            for web in webs:
                await web.close()
            return grown // 64

    each = asyncio.run(main())
    assert each < 512 << 10, each >> 10


def test_a_client_that_vanishes_in_the_middle_of_an_upload(served: Daemon) -> None:
    before = files(served)
    with closing(socket.create_connection(("127.0.0.1", served.facts()["port"]))) as upload:
        head = "POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        body = b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n' + b"\0" * (2 << 20)
        upload.sendall(f"{head}Content-Length: {20 << 20}\r\n\r\n".encode() + body)
        until(lambda: files(served) > before)
    settled(served, before)
    spool = served.home.spool
    until(lambda: not spool.exists() or not list(spool.iterdir()))
