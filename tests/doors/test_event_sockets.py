"""Events from the real daemon: `GET /events`, and a thousand listeners at once."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.conftest import ASR, Client, Daemon, daemon_in, scripted, until


@contextmanager
def _get(served: Daemon, path: str, **headers: str) -> Iterator[HTTPResponse]:
    with closing(HTTPConnection("127.0.0.1", served.facts()["port"], timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        with closing(connection.getresponse()) as response:
            yield response


def _line(response: HTTPResponse) -> dict[str, Any]:
    return json.loads(response.readline())


def test_events_over_http(served: Daemon) -> None:
    with _get(served, "/events?topics=warmup,health") as response:
        assert response.status == 200 and response.headers["content-type"].startswith("application/x-ndjson")
        first = _line(response)
        assert first["name"] == "snapshot" and list(first["data"]["snapshot"]) == ["warmup", "health"]
        assert first["data"]["snapshot"]["health"]["service"] == "Vox"
        with Client(served.socket) as client:
            assert client.call("warmup.schedule", modelId="ear:1", delayMs=60_000)["warmup"]["state"] == "scheduled"
            assert client.call("warmup.cancel", modelId="ear:1")["warmup"]["state"] == "idle"
        scheduled, idle = _line(response), _line(response)
    assert (scheduled["name"], idle["name"]) == ("scheduled", "idle")
    assert scheduled["data"]["modelId"] == "ear:1" and idle["seq"] == scheduled["seq"] + 1
    with _get(served, f"/events?topics=warmup&since={scheduled['seq']}&epoch={first['data']['epoch']}") as again:
        assert [_line(again)["name"], _line(again)["seq"]] == ["snapshot", idle["seq"]]


@pytest.mark.parametrize("query", ["topics=weather", "since=x", "since=-1"])
def test_what_makes_no_sense(served: Daemon, query: str) -> None:
    with _get(served, f"/events?{query}") as response:
        assert response.status == 400 and json.loads(response.read())["error"]["code"] == "invalid_request"


def test_pages(served: Daemon) -> None:
    with _get(served, "/events", Origin="https://other.example") as other:
        assert other.status == 403
    with _get(served, "/events", Origin="https://listed.example") as listed:
        assert "provider" not in _line(listed)["data"]["snapshot"]
    with _get(served, "/events?topics=provider", Origin="https://listed.example") as refused:
        assert refused.status == 401


def test_the_end_of_the_daemon_is_told(tmp_path: Path) -> None:
    with daemon_in(tmp_path / "home") as daemon:
        daemon.configure(scripted("ear", ASR))
        daemon.start()
        with _get(daemon, "/events?topics=health") as response, Client(daemon.socket) as client:
            _line(response)
            client.call("runtime.subscribe", topics=["health"])
            status, _ = daemon.end()
            assert client.receive()["data"]["name"] == "stopping"
            assert _line(response)["name"] == "stopping" and not response.readline() and status == 0


@pytest.mark.heavy
def test_a_thousand_listeners(served: Daemon) -> None:
    """They all hear everything, and one that never reads costs the others nothing."""

    async def listen(index: int, ready: "asyncio.Queue[int]") -> list[int]:
        reader, writer = await asyncio.open_unix_connection(served.socket, limit=1 << 24)
        writer.write(b'{"id":"a","method":"runtime.subscribe","params":{"topics":["warmup"]}}\n')
        assert b'"result"' in await reader.readline()
        ready.put_nowait(index)
        seqs = [json.loads(await reader.readline())["data"]["seq"] for _ in range(20)] if index else []
        writer.close()
        return seqs

    async def main() -> list[list[int]]:
        ready: asyncio.Queue[int] = asyncio.Queue()
        listening = [asyncio.ensure_future(listen(index, ready)) for index in range(1000)]
        for _ in listening:
            await ready.get()
        await asyncio.to_thread(_twenty_events, served)
        return await asyncio.gather(*listening)

    _, *heard = asyncio.run(main())
    assert len(heard) == 999 and all(seqs == heard[0] for seqs in heard)
    with Client(served.socket) as client:
        until(lambda: client.call("health"))


def _twenty_events(served: Daemon) -> None:
    with Client(served.socket) as client:
        for _ in range(10):
            client.call("warmup.schedule", modelId="ear:1", delayMs=60_000)
            client.call("warmup.cancel", modelId="ear:1")
