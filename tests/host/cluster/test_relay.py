"""Providers on a real Ray cluster of two nodes: the same answers, errors and ends as of local ones."""

import os
import signal
import stat
import sys
import threading
from collections.abc import Callable
from glob import glob
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.conftest import Client, Daemon, alive, until
from tests.host.cluster.conftest import on_ray, pids_in
from tests.host.conftest import BAD

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]

SLOW_S = 30  # for what starts or dies on a busy machine
ROOM_MS = 5000  # of which two are kept for saying so
PATIENT_MS = 15_000  # three relays at once load Ray three times: those that have room must have found it by then


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    return tmp_path / "pids"


def client_of(daemon: Daemon) -> Client:
    client = Client(daemon.socket)
    client._socket.settimeout(SLOW_S)
    return client


def audio_on_nodes() -> list[Path]:
    """What lies there for providers; a folder may go while it is looked into."""
    return [Path(name) for name in glob("/tmp/vox-ray-*/*.wav")]


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def test_a_call_travels_with_its_audio_and_leaves_none(
    cluster: Any, placed: Daemon, pids: Path, recording: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    placed.configure(on_ray(cluster, pids))
    placed.start()
    with client_of(placed) as client:
        client.begin("transcribe.file", path=recording, prompt=f"gate {gate}", clientId="me")
        (pid,) = until(lambda: pids_in(pids), seconds=SLOW_S)
        (audio,) = until(lambda: audio_on_nodes())
        assert stat.S_IMODE(audio.stat().st_mode) == 0o600
        (spooled,) = placed.home.spool.glob("*.wav")
        assert audio.read_bytes() == spooled.read_bytes() and audio != spooled
        gate.touch()
        assert client.receive()["result"]["text"] == "hello world"
        until(lambda: not audio.exists(), what="the audio on the node to be removed")
        client.begin("transcribe.file", path=recording, prompt="busy", maxWaitMs=0)
        assert "provider_busy" in client.receive()["error"]
    status = placed.providers()["ear"]
    assert (status["state"], status["limit"], status["generation"]) == ("ready", 1, 1)
    assert placed.end() == (0, "")
    until(lambda: not alive(pid) and not audio.parent.exists())
    row = placed.rows()[0]
    assert (row["outcome"], row["providerId"], row["clientId"], row["replica"]) == ("ok", "ear", "me", 0)
    assert row["metrics"]["inferenceMs"] == 2.5


def test_a_node_killed_under_load_costs_no_call(cluster: Any, placed: Daemon, pids: Path, recording: str) -> None:
    placed.configure(on_ray(cluster, pids, ray={"replicas": 2}, maxConcurrency=2))
    placed.start()
    replies: list[dict[str, Any]] = []
    done = threading.Event()

    def work() -> None:
        with client_of(placed) as client:
            while not done.is_set():
                client.begin("transcribe.file", path=recording, modelId="ear:1")
                replies.append(client.receive())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(pids_in(pids)) == 2, seconds=SLOW_S, what="a provider on each node")
        before = pids_in(pids)
        seen = len(replies)
        until(lambda: len(replies) > seen + 50, seconds=SLOW_S)
        (second,) = [node for node in cluster.worker_nodes]
        cluster.remove_node(second, allow_graceful=False)
        until(lambda: any(not alive(pid) for pid in before), seconds=SLOW_S, what="the node's provider to end")
        seen = len(replies)
        until(lambda: len(replies) > seen + 50, seconds=SLOW_S, what="the other node to go on")
        cluster.add_node(num_cpus=1, resources={"second": 2})
        until(lambda: len(pids_in(pids)) == 3, seconds=SLOW_S, what="a provider on the new node")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert [reply for reply in replies if "result" not in reply] == []
    assert placed.end() == (0, "")
    assert len(placed.rows()) == len(replies)
    assert {row["attempt"] for row in placed.rows()} == {1, 2}  # those inside when it died were made once more
    until(lambda: not any(map(alive, pids_in(pids))))


def kill_daemon(daemon: Daemon, pid: int) -> None:
    daemon.end(signal.SIGKILL)


def kill_relay(daemon: Daemon, pid: int) -> None:
    os.kill(daemon.providers()["ear"]["pid"], signal.SIGKILL)


def kill_actor(daemon: Daemon, pid: int) -> None:
    os.kill(parent_of(pid), signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_daemon, kill_relay, kill_actor])
def test_whoever_is_killed_nothing_is_left(
    cluster: Any, placed: Daemon, pids: Path, recording: str, kill: Callable[[Daemon, int], None]
) -> None:
    placed.configure(on_ray(cluster, pids))
    placed.start()
    with client_of(placed) as client:
        client.begin("transcribe.file", path=recording, prompt="hang")
        (pid,) = until(lambda: pids_in(pids), seconds=SLOW_S)
        (audio,) = until(lambda: audio_on_nodes())
        kill(placed, pid)
        until(lambda: not alive(pid) and not audio.parent.exists(), seconds=SLOW_S)
        if kill is not kill_daemon:
            # Made once more: a new actor has the call now, and is killed with the daemon.
            until(lambda: len(pids_in(pids)) == 2, seconds=SLOW_S)
            assert placed.providers()["ear"]["generation"] == 2
            placed.end(signal.SIGKILL)
    until(lambda: not any(map(alive, pids_in(pids))), seconds=SLOW_S)
    until(lambda: not audio_on_nodes())


def test_a_provider_that_ignores_every_signal_ends_with_its_daemon(
    cluster: Any, placed: Daemon, pids: Path, recording: str
) -> None:
    command = [sys.executable, str(BAD), "ignores_signals"]
    placed.configure(on_ray(cluster, pids, timeouts={"stopMs": 200, "killMs": 200}) | {"command": command})
    placed.start()
    before = processes()
    with client_of(placed) as client:
        assert client.call("transcribe.file", path=recording, modelId="bad:1")["text"].endswith("bytes")
        running = [pid for pid in processes() - before if b"ignores_signals" in words_of(pid)]
        assert len(running) == 2  # the relay and the provider
        assert placed.end() == (0, "")
    until(lambda: not any(map(alive, running)), seconds=SLOW_S)


def processes() -> set[int]:
    return {int(path.name) for path in Path("/proc").glob("[0-9]*")}


def words_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def test_a_crash_is_told_as_that_of_a_local_provider(cluster: Any, placed: Daemon, pids: Path, recording: str) -> None:
    placed.configure(on_ray(cluster, pids))
    placed.start()
    with client_of(placed) as client:
        client.begin("transcribe.file", path=recording, prompt="die")
        info = client.receive()["errorInfo"]
    assert (info["code"], info["exitCode"]) == ("provider_crashed", -signal.SIGKILL)
    assert "was ended by signal 9" in info["message"]


def test_a_cluster_without_room_says_what_is_missing(cluster: Any, placed: Daemon, pids: Path, recording: str) -> None:
    entry = on_ray(cluster, pids, ray={"numCpus": 64, "resources": {"second": 1}}, timeouts={"startMs": ROOM_MS})
    placed.configure(entry)
    placed.start()
    with client_of(placed) as client:
        client.begin("transcribe.file", path=recording, modelId="ear:1")
        error = client.receive()["error"]
    assert error.startswith("provider_unavailable:")
    assert "has had room for CPU 64, second 1 within 3 s" in error and "Ask for less in its placement" in error
    assert not pids_in(pids)


def test_processes_that_find_no_room_hold_up_nobody(
    cluster: Any, placed: Daemon, pids: Path, recording: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    placed.configure(on_ray(cluster, pids, ray={"replicas": 3}, timeouts={"startMs": PATIENT_MS}))
    placed.start()
    with client_of(placed) as client:
        for _ in range(4):
            client.begin("transcribe.file", path=recording, prompt=f"gate {gate}")
        lacking = until(lambda: replica_without_room(placed), seconds=SLOW_S)
        assert (lacking["state"], lacking["inUse"]) == ("backing_off", 0)
        until(lambda: placed.providers()["ear"]["inUse"] == 2, seconds=SLOW_S)  # the other two have come up
        gate.touch()
        assert ["result" in client.receive() for _ in range(4)] == [True] * 4
    assert len(pids_in(pids)) == 2


def replica_without_room(daemon: Daemon) -> dict[str, Any] | None:
    replicas = daemon.providers()["ear"]["replicas"]
    return next((one for one in replicas if "has had room" in (one["lastError"] or "")), None)


def test_a_program_that_no_node_has_is_named(cluster: Any, placed: Daemon, pids: Path, recording: str) -> None:
    placed.configure(on_ray(cluster, pids) | {"command": ["no-such-program"]})
    placed.start()
    with client_of(placed) as client:
        client.begin("transcribe.file", path=recording, modelId="ear:1")
        assert "The program 'no-such-program' was not found" in client.receive()["error"]


def test_a_cluster_that_cannot_be_reached_is_named(cluster: Any, placed: Daemon, pids: Path, recording: str) -> None:
    placed.configure(on_ray(cluster, pids, ray={"address": "127.0.0.1:1"}, timeouts={"startMs": ROOM_MS}))
    placed.start()
    with client_of(placed) as client:
        client.begin("transcribe.file", path=recording, modelId="ear:1")
        assert "The Ray cluster '127.0.0.1:1' cannot be reached from here" in client.receive()["error"]
