"""The service manager is told the truth, in time, over a real datagram socket."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.conftest import Daemon, until
from vox.daemon.notify import Notifier

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="service managers with such a socket are not there")


class Manager:
    """What systemd does: it binds a datagram socket, and reads what comes."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(10)

    def told(self) -> list[str]:
        """The next datagram, as lines."""
        return self.socket.recv(4096).decode("utf-8").splitlines()


@pytest.fixture
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    path = tmp_path_factory.mktemp("n") / "notify"
    manager = Manager(str(path))
    with manager.socket:
        yield manager


def test_without_a_manager_nothing_is_sent() -> None:
    environment = {"WATCHDOG_USEC": "1000000"}
    silent = Notifier(environment)
    silent.ready("there is nobody")
    silent.stopping()
    assert (silent.watchdog_s, environment) == (0.0, {})


def test_what_is_said(manager: Manager) -> None:
    environment = {"NOTIFY_SOCKET": manager.socket.getsockname(), "WATCHDOG_USEC": "3000000"}
    notifier = Notifier(environment)
    assert environment == {}, "a program we start could speak for us"
    assert notifier.watchdog_s == 3.0
    notifier.ready("Listening on port 5")
    assert manager.told() == ["READY=1", "STATUS=Listening on port 5"]
    notifier.stopping()
    assert manager.told()[0] == "STOPPING=1"


@pytest.mark.parametrize(("pid", "watched"), [(os.getpid(), 2.0), (1, 0.0)], ids=["ours", "another"])
def test_a_watch_over_another_process_is_not_ours(manager: Manager, pid: int, watched: float) -> None:
    environment = {"NOTIFY_SOCKET": manager.socket.getsockname(), "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(pid)}
    assert Notifier(environment).watchdog_s == watched


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_an_abstract_socket() -> None:
    manager = Manager(f"\0vox-test-{os.getpid()}")
    with manager.socket:
        Notifier({"NOTIFY_SOCKET": f"@vox-test-{os.getpid()}"}).ready("here")
        assert manager.told()[0] == "READY=1"


def test_a_manager_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("nobody reads it")


def test_the_daemon_is_ready_when_it_says_so_alive_twice_a_watch_and_tells_its_end(
    daemon: Daemon, manager: Manager
) -> None:
    daemon.environment |= {"NOTIFY_SOCKET": manager.socket.getsockname(), "WATCHDOG_USEC": "200000"}
    process = daemon.launch()
    first = manager.told()
    assert first == ["READY=1", f"STATUS=Listening on port {daemon.facts()['port']}"]
    assert daemon.facts()["pid"] == process.pid, "READY came before runtime.json"
    signs = [manager.told() for _ in range(4)]
    assert signs == [["WATCHDOG=1"]] * 4
    process.terminate()
    last = until(lambda: (said := manager.told()) != ["WATCHDOG=1"] and said)
    assert last[0] == "STOPPING=1"
    assert daemon.end() == (0, "")


def test_a_daemon_that_cannot_serve_never_says_that_it_is_ready(daemon: Daemon, manager: Manager) -> None:
    daemon.environment["NOTIFY_SOCKET"] = manager.socket.getsockname()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        daemon.environment["VOX_PORT"] = str(taken.getsockname()[1])
        assert daemon.launch().wait(10) == 78
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.told()


def test_a_daemon_that_a_client_starts_does_not_speak_to_the_clients_manager(daemon: Daemon, manager: Manager) -> None:
    environment = {**daemon.environment, "NOTIFY_SOCKET": manager.socket.getsockname()}
    vox = [sys.executable, "-P", "-m", "vox", "daemon"]
    try:
        assert subprocess.run([*vox, "start"], env=environment, check=False, timeout=30).returncode == 0
        manager.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.told()
    finally:
        assert subprocess.run([*vox, "stop"], env=environment, check=False, timeout=30).returncode == 0
