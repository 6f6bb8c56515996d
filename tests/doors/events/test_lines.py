"""The lines of `GET /events`, in a clock that leaps."""

import asyncio
import json
from contextlib import aclosing
from typing import Any

import pytest

from tests.clock import run
from tests.doors.conftest import PAGE, PROGRAM
from vox.doors.events.lines import lines
from vox.doors.events.view import View
from vox.errors import InvalidRequest, NotAuthorized
from vox.runtime.events import Events


def _read(chunk: bytes) -> list[dict[str, Any]]:
    assert chunk.endswith(b"\n")
    return [json.loads(line) for line in chunk.splitlines()]


def test_a_snapshot_then_events_then_signs_of_life() -> None:
    async def main() -> None:
        events, loop = Events(), asyncio.get_running_loop()
        events.describe("health", lambda: {"state": "ready"})
        async with aclosing(lines(events, View(PROGRAM), ["health"])) as stream:
            (first,) = _read(await anext(stream))
            assert (first["topic"], first["name"], first["seq"]) == ("runtime", "snapshot", 0)
            assert first["data"] == {
                "epoch": events.epoch,
                "snapshotRequired": False,
                "snapshot": {"health": {"state": "ready"}},
            }
            events.publish("health", "tick", {"a": 1})
            events.publish("health", "tick", {"a": 2})
            assert [event["data"] for event in _read(await anext(stream))] == [{"a": 1}, {"a": 2}]
            before = loop.time()
            (beat,) = _read(await anext(stream))
            assert (beat["topic"], beat["name"], beat["seq"]) == ("runtime", "heartbeat", 2)
            assert loop.time() - before == pytest.approx(15)
        assert not events._listeners

    run(main())


def test_what_was_missed_follows_the_snapshot() -> None:
    async def main() -> None:
        events = Events()
        for _ in range(3):
            events.publish("jobs", "begun", {})
        async with aclosing(lines(events, View(PROGRAM), since=1)) as stream:
            assert [event["seq"] for event in _read(await anext(stream))] == [3, 2, 3]

    run(main())


def test_too_long_ago_and_too_slow() -> None:
    async def main() -> None:
        events = Events(kept=2)
        for _ in range(5):
            events.publish("jobs", "begun", {})
        async with aclosing(lines(events, View(PROGRAM), since=1)) as stream:
            (first,) = _read(await anext(stream))
            assert first["data"]["snapshotRequired"]
            for _ in range(5):
                events.publish("jobs", "begun", {})
            (late,) = _read(await anext(stream))
            assert late["data"]["snapshotRequired"] and late["seq"] == 10

    run(main())


def test_the_end_of_the_daemon_is_the_end_of_the_lines() -> None:
    async def main() -> None:
        events = Events()
        async with aclosing(lines(events, View(PROGRAM))) as stream:
            await anext(stream)
            events.publish("health", "stopping", {})
            events.end()
            assert [event["name"] for event in _read(await anext(stream))] == ["stopping"]
            with pytest.raises(StopAsyncIteration):
                await anext(stream)

    run(main())


def test_a_page_gets_no_line_for_what_it_may_not_see() -> None:
    async def main() -> None:
        events = Events()
        async with aclosing(lines(events, View(PAGE))) as stream:
            (first,) = _read(await anext(stream))
            assert list(first["data"]["snapshot"]) == ["health", "warmup", "transcribe.session", "synthesize.session"]
            events.publish("transcribe.session", "session.state", {"connectionId": "another"})
            events.publish("health", "tick", {})
            assert [event["topic"] for event in _read(await anext(stream))] == ["health"]

    run(main())


@pytest.mark.parametrize(
    ("access", "topic", "error"), [(PAGE, "provider", NotAuthorized), (PROGRAM, "weather", InvalidRequest)]
)
def test_topics_that_are_not_to_be_had(access: Any, topic: str, error: type[Exception]) -> None:
    async def main() -> None:
        with pytest.raises(error):
            await anext(lines(Events(), View(access), [topic]))

    run(main())
