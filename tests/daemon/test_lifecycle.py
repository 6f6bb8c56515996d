"""The daemon from start to end, as its own process: ready, stopped by signal or by a client, killed, started again."""

import json
import os
import signal
import socket
import stat
import sys
import time
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.daemon.conftest import ASR, Client, Daemon, alive, daemon_in, scripted, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="unix sockets and signals")

GRACE_S = 5.0  # what a user who pressed Ctrl-C waits at most


def test_from_start_to_ready_to_a_clean_end(daemon: Daemon, recording: str) -> None:
    daemon.start()
    facts = daemon.facts()
    assert facts.keys() == {"version", "serviceName", "port", "pid", "startedAt", "host", "socket", "token"}
    assert facts["serviceName"] == "Vox" and facts["pid"] == daemon.pid
    assert stat.S_IMODE(daemon.home.runtime_json.stat().st_mode) == 0o600
    assert stat.S_IMODE(os.stat(facts["socket"]).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(facts["socket"]).st_mode | os.stat(Path(facts["socket"]).parent).st_mode) == 0o700
    with Client(facts["socket"]) as client:
        health = client.call("health")
        assert {name: health[name] for name in ("service", "port", "pid")} == {
            "service": "Vox",
            "port": facts["port"],
            "pid": daemon.pid,
        }
        assert health["doors"] == [
            {"name": "rpc", "url": f"ws://127.0.0.1:{facts['port']}/"},
            {"name": "companion", "url": f"http://127.0.0.1:{facts['port']}/"},
            {"name": "openai", "url": f"http://127.0.0.1:{facts['port']}/v1"},
            {"name": "realtime", "url": f"ws://127.0.0.1:{facts['port']}/v1/realtime"},
            {"name": "openvip", "url": f"http://127.0.0.1:{facts['port']}/openvip"},
            {"name": "demo", "url": f"http://127.0.0.1:{facts['port']}/demo"},
        ]
        assert health["aliases"] == []
        assert not [name for name in health if "onotonic" in name]
        assert client.call("transcribe.file", path=recording, prompt="say one two")["text"] == "one two"
        provider = daemon.providers()["ear"]["pid"]
    begun = time.monotonic()
    assert daemon.end() == (0, "")
    assert time.monotonic() - begun < GRACE_S
    assert not daemon.home.runtime_json.exists() and not os.path.exists(facts["socket"])
    assert not alive(provider)
    assert [row["outcome"] for row in daemon.rows()] == ["ok"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", facts["port"]), timeout=2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_calls_ends_everything_in_time(
    daemon: Daemon, recording: str, number: signal.Signals
) -> None:
    daemon.start()
    with Client(daemon.socket) as client:
        client.begin("transcribe.file", path=recording, prompt="hang")
        pid = until(lambda: daemon.providers()["ear"]["inUse"] and daemon.providers()["ear"]["pid"])
        client.begin("transcribe.file", path=recording)
        until(lambda: daemon.providers()["ear"]["queued"])
        begun = time.monotonic()
        assert daemon.end(number) == (0, "")
        assert time.monotonic() - begun < GRACE_S
        assert client.closed()
    assert not alive(pid)
    assert [row["outcome"] for row in daemon.rows()] == ["cancelled", "cancelled"]
    assert not list(daemon.home.spool.iterdir())


def test_a_provider_that_ignores_every_signal_does_not_hold_the_end_up(daemon: Daemon, recording: str) -> None:
    bad = Path(__file__).parent.parent / "bad_providers" / "bad.py"
    daemon.configure({"id": "stubborn", "command": [sys.executable, str(bad), "ignores_signals"]})
    daemon.start()
    with Client(daemon.socket) as client:
        client.call("transcribe.file", path=recording, modelId="bad:1")
        pid = daemon.providers()["stubborn"]["pid"]
        begun = time.monotonic()
        assert daemon.end()[0] == 0
        assert time.monotonic() - begun < GRACE_S
    until(lambda: not alive(pid))


def test_a_provider_that_ignores_every_signal_does_not_outlive_a_killed_daemon(daemon: Daemon, recording: str) -> None:
    bad = Path(__file__).parent.parent / "bad_providers" / "bad.py"
    daemon.configure({"id": "stubborn", "command": [sys.executable, str(bad), "ignores_signals"]})
    daemon.start()
    with Client(daemon.socket) as client:
        client.call("transcribe.file", path=recording, modelId="bad:1")
        pid = daemon.providers()["stubborn"]["pid"]
        daemon.end(signal.SIGKILL)
    until(lambda: not alive(pid))


def test_a_client_with_the_right_may_stop_it(daemon: Daemon) -> None:
    daemon.start()
    with Client(daemon.socket) as client:
        assert client.call("daemon.stop") == {"stopping": True}
        assert client.closed()
    assert daemon.end(signal.SIGCONT) == (0, "")


def test_an_impatient_second_signal_changes_nothing(daemon: Daemon, recording: str) -> None:
    daemon.start()
    with Client(daemon.socket) as client:
        client.begin("transcribe.file", path=recording, prompt="hang")
        pid = until(lambda: daemon.providers()["ear"]["inUse"] and daemon.providers()["ear"]["pid"])
        os.kill(daemon.pid, signal.SIGINT)
        until(lambda: not daemon.home.runtime_json.exists())
        os.kill(daemon.pid, signal.SIGHUP)
        assert daemon.end() == (0, "")
    assert not alive(pid)
    assert [row["outcome"] for row in daemon.rows()] == ["cancelled"]


def test_a_second_daemon_is_refused_and_the_first_lives_on(daemon: Daemon) -> None:
    daemon.start()
    facts = daemon.facts()
    second = Daemon(daemon.home)
    second.launch()
    status, errors = second.end(signal.SIGCONT)
    assert status == 78
    assert "already runs" in errors and "vox daemon stop" in errors and "Traceback" not in errors
    assert daemon.facts() == facts
    with Client(daemon.socket) as client:
        assert client.call("health")["pid"] == daemon.pid


def test_two_homes_do_not_meet(daemon: Daemon) -> None:
    daemon.start()
    with daemon_in(daemon.home.root.with_name("other")) as other:
        other.configure()
        other.start()
        assert other.facts()["port"] != daemon.facts()["port"]
        assert other.socket != daemon.socket


def test_a_port_that_is_taken_is_named(daemon: Daemon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        daemon.environment["VOX_PORT"] = str(taken.getsockname()[1])
        daemon.launch()
        status, errors = daemon.end(signal.SIGCONT)
    assert status == 78
    assert f"Port {daemon.environment['VOX_PORT']}" in errors and "VOX_PORT" in errors and "Traceback" not in errors
    assert not daemon.home.runtime_json.exists()


def test_an_address_that_is_not_this_machines_alone_is_refused(daemon: Daemon) -> None:
    daemon.environment["VOX_HOST"] = "0.0.0.0"
    daemon.launch()
    status, errors = daemon.end(signal.SIGCONT)
    assert status == 78 and "loopback" in errors and "Traceback" not in errors


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.2", "127.0.0.2"), ("::1", "[::1]")])
def test_the_health_names_the_address_it_listens_on(daemon: Daemon, host: str, shown: str) -> None:
    if not _can_bind(host):
        pytest.skip(f"{host} is no address of this machine")
    daemon.environment["VOX_HOST"] = host
    daemon.start()
    with Client(daemon.socket) as client:
        doors = {door["name"]: door for door in client.call("health")["doors"]}
    door, bridge = doors["rpc"], doors["companion"]
    assert bridge["url"] == f"http://{shown}:{daemon.facts()['port']}/"
    assert door["url"] == f"ws://{shown}:{daemon.facts()['port']}/"
    assert daemon.facts()["host"] == host
    with connect(door["url"]) as web:  # the guard knows the address as its own
        web.send('{"id": "1", "method": "health"}')
        assert json.loads(web.recv(timeout=10))["result"]["pid"] == daemon.pid


def _can_bind(host: str) -> bool:
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        return False
    return True


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way", encoding="utf-8")
    with daemon_in(tmp_path / "home") as daemon:
        daemon.launch()
        status, errors = daemon.end(signal.SIGCONT)
    assert status == 78
    assert str(tmp_path / "home") in errors and "VOX_HOME" in errors and "Traceback" not in errors


def test_a_bad_entry_is_logged_and_the_good_ones_work(daemon: Daemon, recording: str) -> None:
    daemon.configure({"id": "bad", "colour": 1}, scripted("ear", ASR))
    daemon.start()
    with Client(daemon.socket) as client:
        assert client.call("transcribe.file", path=recording)["text"] == "hello world"
        problems = client.call("providers.status")["problems"]
    assert {problem["path"] for problem in problems} == {"providers[0].colour"}
    assert "providers[0].colour" in daemon.log()


@pytest.mark.parametrize("kind", ["transcribe.file", "synthesize.generate"])
def test_killed_in_the_middle_of_a_call_it_leaves_no_process_and_starts_again(
    daemon: Daemon, recording: str, kind: str
) -> None:
    daemon.start()
    name, params = ("ear", {"path": recording, "prompt": "hang"})
    if kind == "synthesize.generate":
        name, params = ("mouth", {"text": "hello", "instructions": "hang"})
    old = daemon.facts()
    with Client(daemon.socket) as client:
        client.begin(kind, **params)
        provider = until(lambda: daemon.providers()[name]["inUse"] and daemon.providers()[name]["pid"])
        daemon.end(signal.SIGKILL)
        until(lambda: not alive(provider), GRACE_S, "the provider's end")
    assert daemon.home.runtime_json.exists()  # nobody could remove it
    if name == "ear":
        assert list(daemon.home.spool.iterdir())
    daemon.start()
    assert daemon.facts()["token"] != old["token"]
    assert not daemon.home.spool.exists() or not list(daemon.home.spool.iterdir())
    with Client(daemon.socket) as client:
        assert client.call("transcribe.file", path=recording)["text"] == "hello world"
        assert daemon.providers()["ear"] | {"inUse": 0, "queued": 0} == daemon.providers()["ear"]
    for row in daemon.rows():
        assert row["outcome"]


def test_what_else_lies_in_the_spool_is_not_touched(daemon: Daemon) -> None:
    daemon.home.spool.mkdir(parents=True)
    (daemon.home.spool / "folder").mkdir()
    (daemon.home.spool / "mine.txt").write_text("mine", encoding="utf-8")
    (daemon.home.spool / f"vox-{'0' * 32}.wav").write_bytes(b"left behind")
    daemon.start()
    assert sorted(os.listdir(daemon.home.spool)) == ["folder", "mine.txt"]


def test_a_killed_provider_is_started_again_by_the_next_call(daemon: Daemon, recording: str) -> None:
    daemon.start()
    with Client(daemon.socket) as client:
        assert client.call("transcribe.file", path=recording)["text"] == "hello world"
        os.kill(daemon.providers()["ear"]["pid"], signal.SIGKILL)
        until(lambda: daemon.providers()["ear"]["state"] == "stopped")
        assert client.call("transcribe.file", path=recording)["text"] == "hello world"
        assert daemon.providers()["ear"]["generation"] == 2


def test_the_discovery_file_may_be_elsewhere(daemon: Daemon, tmp_path: Path) -> None:
    elsewhere = tmp_path / "deep" / "runtime.json"
    daemon.environment["VOX_RUNTIME_PATH"] = str(elsewhere)
    daemon.launch()
    until(elsewhere.exists)
    assert json.loads(elsewhere.read_text(encoding="utf-8"))["pid"] == daemon.pid
    assert not daemon.home.runtime_json.exists()
    assert daemon.end() == (0, "")
    assert not elsewhere.exists()


@pytest.mark.parametrize(("word", "status"), [("--version", 0), ("--help", 0), ("--port", 2)])
def test_arguments(word: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    from vox.daemon.app import main

    assert main([word]) == status
    assert "voxd" in "".join(capsys.readouterr())
