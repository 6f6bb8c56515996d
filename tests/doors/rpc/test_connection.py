"""One client's calls: at once, cancelled one by one, bounded, and all ended with the connection."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.doors.conftest import PROGRAM, talking
from tests.runtime.conftest import entry, model, until
from vox.doors.rpc.connection import MAX_IN_FLIGHT, Connection
from vox.paths import Home

pytestmark = pytest.mark.anyio

EAR = entry("ear", {"models": [model("ear:1")]}, maxConcurrency=4)


async def test_answers_may_overtake_each_other(home: Home, recording: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with talking(home, EAR) as talk:
        slow = {"path": recording, "prompt": f"gate {gate}"}
        talk.send({"id": "slow", "method": "transcribe.file", "params": slow})
        assert (await talk.ask("health"))["result"]
        assert not [frame for frame in talk.sent if frame["id"] == "slow"]
        gate.touch()
        assert (await talk.answers("slow"))[0]["result"]["text"] == "hello world"


@pytest.mark.parametrize("strict", [False, True])
async def test_one_call_of_many_is_cancelled(home: Home, recording: str, strict: bool) -> None:
    head = {"jsonrpc": "2.0"} if strict else {}
    first, second = (1, 2) if strict else ("one", "two")
    async with talking(home, EAR) as talk:
        limiter = talk.setup.registry.providers[0].limiter
        for number in (first, second):
            params = {"path": recording, "prompt": "hang" if number == first else "say second"}
            talk.send({**head, "id": number, "method": "transcribe.file", "params": params})
        await until(lambda: limiter.snapshot().in_use >= 1)
        talk.send({**head, "method": "$/cancel", "params": {"id": first}})
        (reply,) = await talk.answers(first)
        assert (reply["error"]["code"] == -32800) if strict else reply["error"].startswith("cancelled: ")
        assert (await talk.answers(second))[0]["result"]["text"] == "second"
        assert sorted(row["outcome"] for row in talk.setup.rows()) == ["cancelled", "ok"]


async def test_a_cancelled_wait_leaves_the_line(home: Home, recording: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    alone = EAR.model_copy(update={"max_concurrency": 1})
    async with talking(home, alone) as talk:
        limiter = talk.setup.registry.providers[0].limiter
        for number in "ab":
            params = {"path": recording, "prompt": f"gate {gate}"}
            talk.send({"id": number, "method": "transcribe.file", "params": params})
            await until(
                lambda number=number: limiter.snapshot().in_use + limiter.snapshot().queued == "_ab".index(number)
            )
        talk.send({"method": "$/cancel", "params": {"id": "b"}})
        await talk.answers("b")
        assert limiter.snapshot().queued == 0
        gate.touch()
        assert (await talk.answers("a"))[0]["result"]


@pytest.mark.parametrize("params", [{}, {"id": "nobody"}, {"id": None}, {"id": ["x"]}, {"id": {"a": 1}}])
async def test_cancelling_what_is_not_there_is_nothing(home: Home, params: dict[str, object]) -> None:
    async with talking(home, EAR) as talk:
        talk.send({"method": "$/cancel", "params": params})
        talk.send({"id": "c", "method": "$/cancel", "params": params})
        assert (await talk.ask("health"))["result"]


async def test_an_id_in_use_is_refused_and_free_again_afterwards(home: Home, recording: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with talking(home, EAR) as talk:
        for _ in range(2):
            params = {"path": recording, "prompt": f"gate {gate}"}
            talk.send({"id": "same", "method": "transcribe.file", "params": params})
        (refused,) = await talk.answers("same")
        assert "in use" in refused["error"]
        gate.touch()
        await until(lambda: len(talk.sent) == 2)
        assert talk.sent[1]["result"]
        talk.send({"id": "same", "method": "health"})
        await until(lambda: len(talk.sent) == 3)
        assert talk.sent[2]["result"]


async def test_notifications_are_not_answered(home: Home) -> None:
    async with talking(home) as talk:
        talk.send({"method": "health"})
        talk.send({"jsonrpc": "2.0", "method": "health", "params": {}})
        talk.send({"jsonrpc": "2.0", "method": "initialized"})
        await talk.ask("health")
        assert len(talk.sent) == 1


async def test_a_connection_has_a_bound_of_calls(home: Home, recording: str) -> None:
    async with talking(home, entry("ear", {"models": [model("ear:1")]}, queue={"max": 1000})) as talk:
        for number in range(MAX_IN_FLIGHT + 5):
            params = {"path": recording, "prompt": "hang"}
            talk.send({"id": number, "method": "transcribe.file", "params": params})
        refused = talk.sent
        assert [frame["id"] for frame in refused] == list(range(MAX_IN_FLIGHT, MAX_IN_FLIGHT + 5))
        assert {frame["errorInfo"]["code"] for frame in refused} == {"provider_busy"}
        assert all(frame["errorInfo"]["retryable"] for frame in refused)


@pytest.mark.parametrize("moment", ["waiting", "inside"])
async def test_a_client_that_leaves_frees_what_it_held(home: Home, recording: str, tmp_path: Path, moment: str) -> None:
    gate = tmp_path / "gate"
    async with talking(home, EAR.model_copy(update={"max_concurrency": 1})) as stays:
        limiter = stays.setup.registry.providers[0].limiter
        inside = {"path": recording, "prompt": f"gate {gate}"}
        if moment == "waiting":
            stays.send({"id": "inside", "method": "transcribe.file", "params": inside})
            await until(lambda: limiter.snapshot().in_use == 1)
        async with anyio.create_task_group() as tasks:
            sent: list[bytes] = []
            leaves = Connection(stays.methods, PROGRAM, sent.append, tasks)
            leaves.receive(json.dumps({"id": "x", "method": "transcribe.file", "params": inside}).encode("utf-8"))
            await until(lambda: (limiter.snapshot().queued if moment == "waiting" else limiter.snapshot().in_use) == 1)
            tasks.cancel_scope.cancel()
        assert limiter.snapshot().queued == 0
        assert not sent
        gate.touch()
        await until(lambda: limiter.snapshot().in_use == 0)
        again = await stays.ask("transcribe.file", path=recording)
        assert again["result"]["text"] == "hello world"


async def test_a_fault_of_vox_itself_is_told_without_its_insides(home: Home) -> None:
    def fail() -> dict[str, Any]:
        raise ZeroDivisionError("secret inside")

    async with talking(home, health=fail) as talk:
        reply = await talk.ask("health")
        assert reply["errorInfo"]["code"] == "internal"
        assert "ZeroDivisionError" in reply["error"] and "secret" not in reply["error"]
        assert (await talk.ask("models.list"))["result"]
