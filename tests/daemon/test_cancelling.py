"""Giving up, from the client to the provider, on the real daemon: in the line, in a provider that can cancel, and in
one that cannot, whose place stays taken until it is free in truth."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.daemon.conftest import ASR, TTS, Client, Daemon, scripted, until

GiveUp = Callable[[], None]
CAN = {**ASR, "features": ["cancel"]}
SPEAKS = {**TTS, "features": ["cancel"]}


# ---- ways to give up: each begins a call, and its value gives it up


@contextmanager
def by_leaving(daemon: Daemon, method: str, params: dict[str, Any]) -> Iterator[GiveUp]:
    with Client(daemon.socket) as client:
        client.begin(method, **params)
        yield client.close


@contextmanager
def by_asking(daemon: Daemon, method: str, params: dict[str, Any]) -> Iterator[GiveUp]:
    with Client(daemon.socket) as client:
        number = client.begin(method, **params)

        def give_up() -> None:
            client.send({"method": "$/cancel", "params": {"id": number}})
            while "error" not in (reply := client.receive()):  # events may come before it
                assert "event" in reply
            assert reply["errorInfo"]["code"] == "cancelled"

        yield give_up


@contextmanager
def by_leaving_the_web(daemon: Daemon, method: str, params: dict[str, Any]) -> Iterator[GiveUp]:
    with connect(f"ws://127.0.0.1:{daemon.facts()['port']}") as web:
        web.send(json.dumps({"id": "1", "method": method, "params": params}))
        yield web.close


@contextmanager
def by_ctrl_c(daemon: Daemon, method: str, params: dict[str, Any]) -> Iterator[GiveUp]:
    """The command line, whose terminal sends the signal. It gives no orders: the provider's own one counts."""
    words = {
        "transcribe.file": ["transcribe", "--no-start", str(params.get("path"))],
        "synthesize.generate": ["speak", "--no-start", "--out", str(daemon.home.root / "x.wav"), "hello"],
    }[method]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "vox", *words],
        env=daemon.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    def give_up() -> None:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 130, errors

    try:
        yield give_up
    finally:
        process.kill()
        process.communicate(timeout=10)


WAYS = [by_leaving, by_asking, by_leaving_the_web, by_ctrl_c]


def _speech(method: str, recording: str, order: str) -> dict[str, Any]:
    if method == "transcribe.file":
        return {"path": recording, "prompt": order}
    return {"text": "hello", "instructions": order}


def _status(daemon: Daemon, name: str = "ear") -> dict[str, Any]:
    return daemon.providers()[name]


@pytest.mark.parametrize("way", WAYS)
def test_in_the_line_the_ticket_is_taken_back(daemon: Daemon, recording: str, tmp_path: Path, way: Any) -> None:
    gate = tmp_path / "gate"
    daemon.start()
    with Client(daemon.socket) as first:
        first.begin("transcribe.file", path=recording, prompt=f"gate {gate}")
        until(lambda: _status(daemon)["inUse"] == 1)
        with way(daemon, "transcribe.file", {"path": recording, "prompt": "say never"}) as give_up:
            until(lambda: _status(daemon)["queued"] == 1, what="the place in the line")
            give_up()
            until(lambda: _status(daemon)["queued"] == 0, what="the empty line")
        assert _status(daemon)["inUse"] == 1
        until(lambda: [row["outcome"] for row in daemon.rows()] == ["cancelled"])
        gate.touch()
        assert first.receive()["result"]["text"] == "hello world"
    assert _status(daemon)["generation"] == 1
    assert not list(daemon.home.spool.iterdir())


@pytest.mark.parametrize("method", ["transcribe.file", "synthesize.generate"])
@pytest.mark.parametrize("way", WAYS)
def test_a_provider_that_can_cancel_is_free_at_once(daemon: Daemon, recording: str, way: Any, method: str) -> None:
    order = {"order": "hang"}
    daemon.configure(scripted("ear", CAN | order), scripted("mouth", SPEAKS | order, kind="tts", maxConcurrency=1))
    daemon.start()
    name = "ear" if method == "transcribe.file" else "mouth"
    with way(daemon, method, _speech(method, recording, "hang")) as give_up:
        until(lambda: _status(daemon, name)["inUse"] == 1 and _status(daemon, name)["pid"], what="the call")
        with Client(daemon.socket) as other:  # proves that the provider has read the call before
            other.call("providers.status")
        give_up()
        until(lambda: _status(daemon, name)["inUse"] == 0, 2, "the free place")
    with Client(daemon.socket) as client:
        client.call(method, **_speech(method, recording, "say something"))
    assert _status(daemon, name)["generation"] == 1
    until(lambda: [row["outcome"] for row in daemon.rows()] == ["cancelled", "ok"])


@pytest.mark.parametrize("way", WAYS)
def test_a_provider_that_cannot_cancel_stays_taken_until_it_is_free(
    daemon: Daemon, recording: str, tmp_path: Path, way: Any
) -> None:
    gate = tmp_path / "gate"
    daemon.configure(scripted("ear", {**ASR, "order": f"gate {gate}"}))
    daemon.start()
    with way(daemon, "transcribe.file", {"path": recording, "prompt": f"gate {gate}"}) as give_up:
        until(lambda: _status(daemon)["inUse"] == 1 and _status(daemon)["pid"], what="the call")
        give_up()
    until(lambda: [row["outcome"] for row in daemon.rows()] == ["cancelled"])
    with Client(daemon.socket) as client:
        number = client.begin("transcribe.file", path=recording, prompt="say next")
        until(lambda: _status(daemon)["queued"] == 1)
        assert _status(daemon)["inUse"] == 1  # nobody waits for it any more, but it is at work
        gate.touch()
        reply = client.receive()
        assert (reply["id"], reply["result"]["text"]) == (number, "next")
    assert (_status(daemon)["generation"], _status(daemon)["lateAnswers"]) == (1, 1)


def test_a_client_that_is_killed_has_left(daemon: Daemon, recording: str) -> None:
    daemon.configure(scripted("ear", {**CAN, "order": "hang"}))
    daemon.start()
    with by_ctrl_c(daemon, "transcribe.file", {"path": recording, "prompt": "hang"}):
        until(lambda: _status(daemon)["inUse"] == 1 and _status(daemon)["pid"])
        vox = _clients_of(daemon)
        for pid in vox:
            os.kill(pid, signal.SIGKILL)
        assert vox
        until(lambda: _status(daemon)["inUse"] == 0, 2, "the free place")


def _clients_of(daemon: Daemon) -> list[int]:
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            variables = (process / "environ").read_bytes()
            if b"--no-start" in words and os.fsencode(f"VOX_HOME={daemon.home.root}") in variables:
                found.append(int(process.name))
    return found
