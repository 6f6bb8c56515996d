"""Starting the daemon: once, detached, in time, or with the reason why not."""

import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tests.cli.daemons import alive, daemons_of, wait_until
from vox.client import Client
from vox.client.discovery import find
from vox.client.launch import connect, launch, startup_log
from vox.errors import DaemonUnavailable
from vox.paths import Home


def test_it_is_started_in_a_session_of_its_own_and_only_once(home):
    assert connect(home) is None
    launch(home).close()
    first = find(home)
    assert first is not None and os.getsid(first.pid) == first.pid
    assert os.readlink(f"/proc/{first.pid}/cwd") == str(home.root) if os.path.exists("/proc/self") else True
    channel = connect(home)
    assert channel is not None
    channel.close()
    launch(home).close()
    assert find(home) == first and daemons_of(home) == [first.pid]


def test_clients_that_come_together_get_one_daemon(home):
    pids: list[int] = []

    def ask() -> None:
        with Client(home) as client:
            pids.append(client.call("health")["pid"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(pids) == 4 and len(set(pids)) == 1
    wait_until(lambda: daemons_of(home) == pids[:1])


def test_a_start_waits_for_the_end_of_the_last_one(home):
    with Client(home) as client:
        first = client.call("health")["pid"]
        client.models()  # so that there are providers to be ended
        assert client.stop()
        second = client.call("health")["pid"]
    assert first != second
    wait_until(lambda: not alive(first))


def test_what_a_killed_daemon_left_does_not_mislead(home):
    with Client(home) as client:
        killed = client.call("health")["pid"]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not alive(killed))
        assert home.runtime_json.exists() and home.socket.exists()
        assert client.call("health")["pid"] != killed


def test_a_taken_port_is_told_at_once(home, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("VOX_PORT", str(taken.getsockname()[1]))
        with pytest.raises(DaemonUnavailable, match=r"ended as soon as it was started.*\n.*cannot be used") as caught:
            launch(home, timeout_s=60)
    assert str(home.daemon_log) in caught.value.message
    assert "cannot be used" in startup_log(home).read_text(encoding="utf-8")


def test_only_the_last_start_is_quoted(home, monkeypatch):
    home.logs.mkdir(exist_ok=True)
    startup_log(home).write_text("an old complaint\n" * 100_000, encoding="utf-8")
    monkeypatch.setenv("VOX_PORT", "1")
    monkeypatch.setenv("VOX_HOST", "192.0.2.1")
    with pytest.raises(DaemonUnavailable) as caught:
        launch(home)
    assert "old complaint" not in caught.value.message and "loopback" in caught.value.message
    assert startup_log(home).stat().st_size < 10_000


def test_a_start_that_takes_too_long_is_given_up(home):
    with pytest.raises(DaemonUnavailable, match=r"did not answer within 0 s"):
        launch(home, timeout_s=0)
    wait_until(lambda: find(home))  # it goes on, and the next client has it


def test_a_home_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DaemonUnavailable, match="cannot be started"):
        launch(Home(tmp_path / "file" / "home"))


def test_it_outlives_the_program_that_started_it(home):
    program = f"from vox import Client; print(Client({str(home.root)!r}).call('health')['pid'])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, timeout=30
    )
    assert done.stderr == ""
    with Client(home, start=False) as client:
        assert client.call("health")["pid"] == int(done.stdout)


def test_a_daemon_that_hangs_is_not_taken_for_none(home, monkeypatch):
    monkeypatch.setattr("vox.client.launch._ANSWER_S", 0.2)
    with Client(home) as client:
        pid = client.call("health")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(DaemonUnavailable, match=f"kill -9 {pid}") as caught:
            connect(home)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert caught.value.details == {"pid": pid}
    with Client(home, start=False) as client:
        assert client.call("health")["pid"] == pid


def test_a_listener_that_closes_without_a_word_is_no_daemon(home):
    with Client(home) as client:
        client.connect()
    address = find(home)
    assert address is not None
    os.kill(address.pid, signal.SIGKILL)
    wait_until(lambda: not alive(address.pid))
    home.socket.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home.socket))
        listener.listen(1)
        closer = threading.Thread(target=lambda: listener.accept()[0].close())
        closer.start()
        assert connect(home) is None
        closer.join()
