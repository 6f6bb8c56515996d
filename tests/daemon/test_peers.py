"""Whose connection it is: read from the system's tables as they are written, and tried with another user for real."""

import json
import os
import socket
import subprocess
import sys

import pytest

from tests.daemon.conftest import Daemon
from vox.daemon.peers import Peers

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LITTLE = sys.byteorder == "little"
LOOPBACK = "0100007F" if LITTLE else "7F000001"
PEER, LOCAL = ("127.0.0.1", 50000), ("127.0.0.1", 42137)


def row(local: str, remote: str, state: str, uid: int, inode: int = 77) -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 {uid:5} 0 {inode} 1 0\n"


def table(*rows: str) -> Peers:
    return Peers(lambda path: HEAD + "".join(rows) if path.endswith("/tcp") else HEAD)


@pytest.mark.parametrize(
    ("uid", "inode", "ours"), [(os.geteuid(), 77, True), (0, 77, True), (os.geteuid() + 1, 77, False), (0, 0, False)]
)
def test_the_owner_of_the_other_end(uid: int, inode: int, ours: bool) -> None:
    server = row(f"{LOOPBACK}:A499", f"{LOOPBACK}:C350", "01", os.geteuid())  # our own end says nothing
    peers = table(server, row(f"{LOOPBACK}:C350", f"{LOOPBACK}:A499", "01", uid, inode))
    assert peers.is_ours(PEER, LOCAL) is ours


def test_a_connection_that_is_not_listed() -> None:
    assert not table().is_ours(PEER, LOCAL)


def test_where_there_are_no_tables() -> None:
    def read(_: str) -> str:
        raise FileNotFoundError

    assert not Peers(read).can_tell(LOCAL)
    assert not Peers(read).is_ours(PEER, LOCAL)


def test_whether_the_tables_are_ours() -> None:
    any_end = "00000000:0000"
    assert table(row(f"{LOOPBACK}:A499", any_end, "0A", 0)).can_tell(LOCAL)
    assert not table(row(f"{LOOPBACK}:A499", any_end, "01", 0)).can_tell(LOCAL)
    assert not table().can_tell(LOCAL)


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists whose a TCP connection is")


@linux
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_real_connection(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener, socket.socket(family) as client:
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip(f"{host} is no address of this machine")
        listener.listen()
        assert Peers().can_tell(listener.getsockname()[:2])
        client.connect(listener.getsockname())
        assert Peers().is_ours(client.getsockname()[:2], client.getpeername()[:2])


ASK = """
import encodings.idna, http.client, os, sys  # all of it now: the other user may not read our interpreter
os.setuid(int(sys.argv[2]))
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
connection.request("GET", "/healthz")
print(connection.getresponse().status)
"""
NOBODY = 65_534


def ask_as(daemon: Daemon, uid: int) -> int:
    words = [sys.executable, "-I", "-c", ASK, str(daemon.facts()["port"]), str(uid)]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", timeout=20, cwd="/")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@linux
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_another_user_of_this_machine(daemon: Daemon) -> None:
    daemon.start()
    assert ask_as(daemon, 0) == 200
    assert ask_as(daemon, NOBODY) == 403
    assert "another user's" in daemon.log()
    daemon.home.config_json.write_text(json.dumps({"sameUserOnly": False}), encoding="utf-8")
    daemon.end()
    daemon.start()
    assert ask_as(daemon, NOBODY) == 200
