"""Capacity through the real daemon: processes, turns and refusals as a client meets them."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.conftest import ASR, Client, Daemon, alive, scripted, until


def states(daemon: Daemon) -> list[str]:
    return [replica["state"] for replica in daemon.providers()["ear"]["replicas"]]


def pids(daemon: Daemon) -> list[int]:
    return [replica["pid"] for replica in daemon.providers()["ear"]["replicas"] if replica["pid"]]


def test_replicas_work_side_by_side_and_each_dies_alone(daemon: Daemon, recording: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    daemon.configure(scripted("ear", ASR, replicas=2))
    daemon.start()
    with Client(daemon.socket) as one, Client(daemon.socket) as two:
        one.begin("transcribe.file", path=recording, prompt=f"gate {gate}")
        until(lambda: states(daemon) == ["busy", "stopped"])
        two.begin("transcribe.file", path=recording, prompt=f"gate {gate}")
        first, second = until(lambda: pids(daemon) if len(pids(daemon)) == 2 else None)
        until(lambda: daemon.providers()["ear"]["inUse"] == 2)
        gate.touch()
        assert {client.receive()["result"]["text"] for client in (one, two)} == {"hello world"}
        gate.unlink()
        one.begin("transcribe.file", path=recording, prompt=f"gate {gate}")
        until(lambda: daemon.providers()["ear"]["inUse"] == 1)
        os.kill(second, signal.SIGKILL)
        until(lambda: pids(daemon) == [first])
        gate.touch()
        assert one.receive()["result"]["text"] == "hello world"
    until(lambda: len(daemon.rows()) == 3)
    assert [(row["replica"], row["generation"]) for row in sorted(daemon.rows(), key=lambda row: row["replica"])] == [
        (0, 1),
        (0, 1),
        (1, 1),
    ]
    assert daemon.end()[0] == 0
    assert not alive(first)


def test_a_model_is_loaded_before_anybody_asks_for_it(daemon: Daemon) -> None:
    two = {"models": [{"id": "ear:1", "installed": True}, {"id": "ear:2", "installed": True}]}
    absent = {"models": [{"id": "mouth:1", "installed": False}]}
    daemon.configure(
        scripted("ear", two, preload=["ear:2", "ear:9"]), scripted("mouth", absent, kind="tts", preload=["mouth:1"])
    )
    daemon.start()
    until(lambda: "preload.failed" in daemon.log() and "preload.unknown_model" in daemon.log())

    def loaded() -> dict[str, bool]:
        with Client(daemon.socket) as client:
            return {model["id"]: model["preloaded"] for model in client.call("models.list")["models"]}

    assert daemon.providers()["ear"]["generation"] == 1
    assert "ear:9" in daemon.log() and "vox models install mouth:1" in daemon.log()
    assert daemon.providers()["ear"]["state"] == "ready"
    assert set(loaded()) == {"ear:1", "ear:2"}


def test_a_short_call_does_not_wait_behind_somebody_elses_backlog(
    daemon: Daemon, recording: str, tmp_path: Path
) -> None:
    gate, order = tmp_path / "gate", list[str]()
    daemon.configure(scripted("ear", ASR))
    daemon.start()
    with Client(daemon.socket) as bulk, Client(daemon.socket) as me:
        bulk.begin("transcribe.file", path=recording, clientId="bulk", prompt=f"gate {gate}")
        until(lambda: daemon.providers()["ear"]["inUse"] == 1)
        for _ in range(20):
            bulk.begin("transcribe.file", path=recording, clientId="bulk", prompt="say bulk")
        until(lambda: daemon.providers()["ear"]["queued"] == 20)
        me.begin("transcribe.file", path=recording, clientId="me", prompt="say me")
        until(lambda: daemon.providers()["ear"]["queued"] == 21)

        def listen(client: Client, count: int) -> None:
            order.extend(client.receive()["result"]["text"] for _ in range(count))

        listeners = [threading.Thread(target=listen, args=asked) for asked in ((bulk, 21), (me, 1))]
        for listener in listeners:
            listener.start()
        gate.touch()
        for listener in listeners:
            listener.join(10)
    until(lambda: len(daemon.rows()) == 22)
    rows = [row["clientId"] for row in daemon.rows()]
    assert rows.index("me") <= 2 and sorted(order) == ["bulk"] * 20 + ["hello world", "me"]


def test_a_providers_own_refusal_costs_the_client_only_time(daemon: Daemon, recording: str, tmp_path: Path) -> None:
    daemon.start()
    with Client(daemon.socket) as client:
        result = client.call("transcribe.file", path=recording, prompt=f"once {tmp_path / 'made'} 50")
    assert result["text"] == "hello world" and result["metrics"]["queueMs"] >= 40
    (row,) = until(daemon.rows)
    assert (row["outcome"], row["attempt"]) == ("ok", 2)


@pytest.mark.parametrize(("fields", "limit"), [({}, 1), ({"maxConcurrency": 3}, 3), ({"replicas": 2}, 2)])
def test_the_facts_of_a_refusal(
    daemon: Daemon, recording: str, tmp_path: Path, fields: dict[str, Any], limit: int
) -> None:
    gate = tmp_path / "gate"
    daemon.configure(scripted("ear", ASR, queue={"max": 1}, **fields))
    daemon.start()
    with Client(daemon.socket) as client:
        for number in range(limit + 1):
            client.begin("transcribe.file", path=recording, prompt=f"gate {gate}")
            until(lambda number=number: occupation(daemon) == (min(number + 1, limit), max(0, number + 1 - limit)))
        client.begin("transcribe.file", path=recording)
        reply = client.receive()
        assert reply["error"].startswith("provider_busy: ")
        facts = {name: reply["errorInfo"][name] for name in ("provider", "modelId", "limit", "inUse", "queued")}
        assert facts == {"provider": "ear", "modelId": "ear:1", "limit": limit, "inUse": limit, "queued": 1}
        assert reply["errorInfo"]["retryable"] and reply["errorInfo"]["retryAfterMs"] > 0
        gate.touch()
        for _ in range(limit + 1):
            assert client.receive()["result"]["text"] == "hello world"


def occupation(daemon: Daemon) -> tuple[int, int]:
    status = daemon.providers()["ear"]
    return status["inUse"], status["queued"]
