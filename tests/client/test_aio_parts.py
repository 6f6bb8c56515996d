"""The roads and the bounds of the client for event loops."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vox import errors
from vox.client.aio import follow
from vox.client.aio.channel import AsyncUnixChannel, open_async_channel
from vox.client.aio.connection import AsyncConnection, OnFrame
from vox.client.discovery import find
from vox.paths import Home

pytestmark = pytest.mark.anyio


async def test_both_roads_lead_to_the_daemon(shared: Home, second: Path) -> None:
    address = find(shared)
    assert address is not None
    for socket_path in (address.socket, None):
        connection = AsyncConnection(await open_async_channel(address._replace(socket=socket_path)))
        found = await asyncio.gather(
            *(connection.call("health", {}) for _ in range(50)),
            connection.call("transcribe.file", {"path": str(second)}),
        )
        assert found[0]["pid"] == address.pid and found[-1]["text"] and connection.usable()
        await connection.close()
        assert not connection.usable()
        with pytest.raises(errors.DaemonUnavailable):
            await connection.call("health", {})


async def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        await AsyncUnixChannel.open(str(tmp_path / "s"))


Serve = Callable[[Callable[[socket.socket], None]], str]


async def test_a_silent_daemon_is_given_up(other_side: Serve) -> None:
    asked: list[str] = []

    def serve(peer: socket.socket) -> None:
        lines = peer.makefile("rb")
        asked.extend(json.loads(lines.readline())["method"] for _ in range(2))
        lines.read()

    connection = AsyncConnection(await AsyncUnixChannel.open(other_side(serve)), probe_s=0.1)
    with pytest.raises(errors.DaemonUnavailable, match="has not reacted"):
        await connection.call("models.list", {})
    await connection.close()
    assert asked == ["models.list", "health"]


@pytest.mark.parametrize("said", [b"no json\n", b"half a li"])
async def test_what_is_no_daemon_is_told(other_side: Serve, said: bytes) -> None:
    connection = AsyncConnection(await AsyncUnixChannel.open(other_side(lambda peer: peer.sendall(said))))
    with pytest.raises(errors.DaemonUnavailable):
        await connection.call("health", {})
    await connection.close()


async def test_events_that_nobody_reads_end_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MAX_UNREAD", 100)

    async def begin(tell: OnFrame) -> dict[str, Any]:
        tell("first", {}, 60)
        for text in ("a", "b", "c"):
            tell("transcribe.partial", {"text": text}, 30)
        await asyncio.sleep(0)
        tell("last", {}, 60)
        return {}

    events = follow.Followed(begin)
    assert await anext(events) == ("first", {})
    assert await anext(events) == ("transcribe.partial", {"text": "c"})
    assert await anext(events) == ("last", {})
    assert [event async for event in events] == []

    async def flood(tell: OnFrame) -> dict[str, Any]:
        while True:
            tell("more", {}, 60)

    slow = follow.Followed(flood)
    assert await anext(slow) == ("more", {})
    with pytest.raises(errors.Cancelled, match="have not been read"):
        await anext(slow)
