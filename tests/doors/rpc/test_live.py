"""The conversations of tests/wire/live, word by word, over a runtime whose microphone has a clock."""

import json
import re
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.doors.conftest import PAGE, PROGRAM, Talk, talking
from tests.doors.described import faults
from tests.doors.test_golden import SORTS, differences
from tests.runtime.conftest import entry, model, until
from tests.runtime.live.conftest import LoudCutter, spoken
from vox.doors.rpc.connection import Connection
from vox.doors.rpc.handler import Access
from vox.paths import Home
from vox.runtime.live.device import Device
from vox.testing import FakeMicrophone

pytestmark = pytest.mark.anyio

EAR = entry("ear", {"models": [model("ear:1", words=True)]})
WIRE = Path(__file__).parents[2] / "wire" / "live"
BUSY = {
    "<own>": r"live_session_busy: client first already owns session \w+ in recording; .+",
    "<other>": r"live_session_busy: session \w+ is recording for client first; .+",
    "<mismatch>": r"live_session_owner_mismatch: session \w+ belongs to client first; .+",
}


class Line:
    """What one client sends and gets, in order."""

    def __init__(self, connection: Connection, sent: list[bytes]) -> None:
        self._connection, self._sent, self._read = connection, sent, 0

    def send(self, frame: Any) -> None:
        self._connection.receive(json.dumps(frame).encode())

    async def receive(self) -> Any:
        await until(lambda: len(self._sent) > self._read)
        self._read += 1
        return json.loads(self._sent[self._read - 1])


@asynccontextmanager
async def live(home: Home, microphone: FakeMicrophone, access: Access = PROGRAM, **settings: Any) -> Any:
    async with talking(home, EAR, access=access, **settings) as talk:
        talk.setup.runtime.live.device = Device(microphone.open)
        talk.setup.runtime.live.cutter = LoudCutter
        yield talk


@pytest.mark.parametrize("path", sorted(WIRE.glob("*.jsonl")), ids=lambda path: path.stem)
async def test_conversation(home: Home, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, pattern in BUSY.items():
        monkeypatch.setitem(SORTS, name, re.compile(pattern).fullmatch)
    microphone = FakeMicrophone(spoken(1.0, 2.0))
    async with live(home, microphone) as talk, anyio.create_task_group() as tasks:
        lines = {"": one_more(talk, tasks, Access()), "b": one_more(talk, tasks, Access())}
        asked: dict[Any, str] = {}
        for number, step in enumerate(steps(path), start=1):
            ((key, given),) = step.items()
            if key == "hear":
                microphone.advance(given)
            elif key.endswith(">"):
                lines[key[:-1]].send(given)
                asked[given.get("id")] = given["method"]
            else:
                reply = await lines[key[:-1]].receive()
                told = differences(given, reply)
                assert not told, f"{path.name}:{number}: {told} in {reply}"
                told = faults(asked[reply.get("params", reply).get("id")], reply)
                assert not told, f"{path.name}:{number}: {told} in {reply}"
        tasks.cancel_scope.cancel()


def steps(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def one_more(talk: Talk, tasks: Any, access: Access) -> Line:
    sent: list[bytes] = []
    return Line(Connection(talk.methods, access, sent.append, tasks), sent)


async def test_a_connection_that_ends_lets_the_microphone_go(home: Home) -> None:
    microphone = FakeMicrophone(spoken(1.0))
    async with live(home, microphone) as talk:
        async with anyio.create_task_group() as tasks:
            line = one_more(talk, tasks, Access())
            line.send({"id": "start", "method": "transcribe.startSession"})
            await until(lambda: microphone.is_open)
            tasks.cancel_scope.cancel()
        assert not microphone.is_open
        assert (await talk.ask("transcribe.sessionStatus"))["result"] == {"session": None}
        (row,) = talk.setup.rows()
        assert (row["route"], row["outcome"]) == ("transcribe.live", "cancelled")


async def test_a_call_that_is_given_up_takes_the_session_with_it(home: Home) -> None:
    microphone = FakeMicrophone(spoken(1.0))
    async with live(home, microphone) as talk:
        talk.send({"id": "start", "method": "transcribe.startSession"})
        await until(lambda: microphone.is_open)
        talk.send({"method": "$/cancel", "params": {"id": "start"}})
        *_, state, error = await talk.answers("start")
    assert state["data"]["state"] == "cancelled" and error["errorInfo"]["code"] == "cancelled"
    assert not microphone.is_open


async def test_a_microphone_that_does_not_open_is_told_in_the_published_words(home: Home) -> None:
    opened = threading.Event()

    def open(name: str | None) -> FakeMicrophone:
        opened.wait(5)
        return FakeMicrophone(spoken(1.0)).open()

    async with live(home, FakeMicrophone(spoken(1.0))) as talk:
        talk.setup.runtime.live.device, talk.setup.runtime.live.open_s = Device(open), 0.05
        reply = await talk.ask("transcribe.startSession")
        assert reply["error"] == "session_cancelled:starting_timeout"
        assert reply["errorInfo"]["reason"] == "starting_timeout"
        opened.set()


async def test_one_measurement_a_session_and_a_record_where_they_are_kept(home: Home) -> None:
    microphone = FakeMicrophone(spoken(1.0, 1.0, pause_s=0.5))
    async with live(home, microphone, history=True) as talk:
        talk.send({"id": "start", "method": "transcribe.startSession", "params": {"clientId": "me"}})
        await until(lambda: microphone.is_open)
        microphone.play()
        stopped = (await talk.ask("transcribe.stopSession", clientId="me"))["result"]
        (row,) = talk.setup.rows()
    assert row.items() >= {"route": "transcribe.live", "clientId": "me", "outcome": "ok", "pieces": 2}.items()
    assert row["providerMs"] > 0 and row["sessionId"] == stopped["sessionId"]
    assert stopped["historyId"] == stopped["result"]["historyId"] is not None


async def test_a_page_may_record_and_end_its_own_only(home: Home) -> None:
    microphone = FakeMicrophone(spoken(1.0))
    async with live(home, microphone, access=PAGE) as talk, anyio.create_task_group() as tasks:
        program = one_more(talk, tasks, Access())
        program.send({"id": "start", "method": "transcribe.startSession", "params": {"clientId": "same"}})
        await until(lambda: microphone.is_open)
        reply = await talk.ask("transcribe.stopSession", clientId="same")
        assert reply["errorInfo"]["code"] == "live_session_owner_mismatch"
        tasks.cancel_scope.cancel()
