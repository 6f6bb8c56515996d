"""Live sessions over HTTP: lines as somebody speaks, ended by the page that began them or by its going."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette

from tests.doors.companion.conftest import OTHER, PAGE
from tests.doors.conftest import Talk
from tests.doors.rpc.test_live import live
from tests.runtime.conftest import until
from tests.runtime.live.conftest import spoken
from vox.daemon.guard import origin_of
from vox.daemon.listen import HttpServer, bind_tcp
from vox.doors.companion.server import Companion
from vox.doors.rpc.handler import Access
from vox.paths import Home
from vox.testing import FakeMicrophone

pytestmark = pytest.mark.anyio


class Request:
    """One HTTP request on a connection of its own; the lines of its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.status = 0

    async def head(self) -> None:
        with anyio.fail_after(8):
            self.status = int((await self._reader.readuntil(b"\r\n\r\n")).split()[1])

    async def line(self) -> dict[str, Any]:
        """The next line of a chunked answer."""
        with anyio.fail_after(8):
            while not (text := (await self._reader.readline()).strip()).startswith(b"{"):
                assert text != b"0", "the answer is over"
            return json.loads(text)

    async def lines(self) -> list[dict[str, Any]]:
        """All the lines to come."""
        with anyio.fail_after(8):
            text = await self._reader.readuntil(b"\r\n0\r\n\r\n")
        self.leave()
        return [json.loads(line) for line in text.splitlines() if line.startswith(b"{")]

    def leave(self) -> None:
        self._writer.transport.abort()
        self._writer.close()


class Web:
    """Pages of the bridge."""

    def __init__(self, address: tuple[str, int], talk: Talk) -> None:
        self._address, self.talk = address, talk

    async def begin(self, path: str, body: Any = None, origin: str = PAGE, method: str = "POST") -> Request:
        reader, writer = await asyncio.open_connection(*self._address)
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n"
        head += f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        request = Request(reader, writer)
        await request.head()
        return request

    async def ask(self, *given: Any, **named: Any) -> tuple[int, dict[str, Any]]:
        request = await self.begin(*given, **named)
        answer = await request.line()
        request.leave()
        return request.status, answer


@pytest.fixture
def microphone() -> FakeMicrophone:
    return FakeMicrophone(spoken(1.0, 2.0))


@asynccontextmanager
async def web(home: Home, microphone: FakeMicrophone) -> AsyncIterator[Web]:
    def access(scope: Any) -> Access:
        return Access(files=False, origin=origin_of(scope))

    async with live(home, microphone) as talk, anyio.create_task_group() as tasks:
        companion = Companion(talk.setup.runtime, talk.methods, home, access, tasks)
        listener = bind_tcp("127.0.0.1", 0)
        server = HttpServer(Starlette(routes=companion.routes()))
        tasks.start_soon(server.serve, [listener])
        yield Web(listener.getsockname(), talk)
        server.stop()


async def test_a_session_from_beginning_to_end(home: Home, microphone: FakeMicrophone) -> None:
    async with web(home, microphone) as pages:
        session = await pages.begin("/live", {"clientId": "tab"})
        assert session.status == 200
        starting, recording = await session.line(), await session.line()
        assert [line["data"]["state"] for line in (starting, recording)] == ["starting", "recording"]
        number = recording["data"]["sessionId"]
        microphone.play()
        assert (await session.line())["event"] == "session.partial"
        _, status = await pages.ask("/live", method="GET")
        assert (status["session"]["sessionId"], status["session"]["clientId"]) == (number, "tab")
        code, stopped = await pages.ask("/v1/live/stop", {"sessionId": number})
        assert code == 200 and stopped["stopped"] is True and stopped["result"]["text"]
        *events, last = await session.lines()
        assert last["result"]["text"] == stopped["result"]["text"] and last["result"]["sessionId"] == number
        assert [line["event"] for line in events][-2:] == ["session.final", "session.state"]
        assert not microphone.is_open


@pytest.mark.parametrize("named", [True, False])
async def test_its_own_page_may_cancel_it_and_no_other(home: Home, microphone: FakeMicrophone, named: bool) -> None:
    async with web(home, microphone) as pages:
        session = await pages.begin("/live", {"clientId": "tab"})
        number = (await session.line())["data"]["sessionId"]
        await until(lambda: microphone.is_open)
        body = {"sessionId": number} if named else {}
        for path in ("/live/stop", "/live/cancel"):
            code, refused = await pages.ask(path, body, OTHER)
            assert code in (403, 404) and refused["errorInfo"]["code"].startswith("live_session_")
        assert microphone.is_open
        assert await pages.ask("/live/cancel", body) == (200, {"cancelled": True, "sessionId": number})
        assert (await session.lines())[-1] == {"result": {"cancelled": True, "sessionId": number}}
        assert not microphone.is_open


async def test_a_page_that_goes_turns_the_microphone_off(home: Home, microphone: FakeMicrophone) -> None:
    async with web(home, microphone) as pages:
        session = await pages.begin("/live", {})
        await until(lambda: microphone.is_open)
        session.leave()
        await until(lambda: not microphone.is_open)
        assert (await pages.ask("/live", method="GET"))[1] == {"session": None}


async def test_one_microphone(home: Home, microphone: FakeMicrophone) -> None:
    async with web(home, microphone) as pages:
        session = await pages.begin("/live", {"clientId": "tab"})
        await until(lambda: microphone.is_open)
        second = await pages.begin("/live", {"clientId": "other"}, OTHER)
        error = (await second.lines())[-1]
        assert error["errorInfo"]["code"] == "live_session_busy" and isinstance(error["error"], str)
        session.leave()


async def test_nothing_to_end(home: Home, microphone: FakeMicrophone) -> None:
    async with web(home, microphone) as pages:
        for path in ("/live/stop", "/live/cancel"):
            code, answer = await pages.ask(path, {})
            assert (code, answer["error"]) == (404, "No active live session")
