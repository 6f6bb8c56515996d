"""Whose connection it is: read from the system's tables as they are written, and tried with another user for real."""

import json
import os
import socket
import subprocess
import sys
from functools import partial
from typing import Any

import pytest

from tests.daemon.conftest import Daemon
from vox.daemon.peers import Address, Found, Peers, ask_kernel, read_tables

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LITTLE = sys.byteorder == "little"
LOOPBACK = "0100007F" if LITTLE else "7F000001"
PEER, LOCAL = ("127.0.0.1", 50000), ("127.0.0.1", 42137)


def row(local: str, remote: str, state: str, uid: int, inode: int = 77) -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 {uid:5} 0 {inode} 1 0\n"


MAPPED = f"{'0' * 16}{'FFFF0000' if LITTLE else '0000FFFF'}{LOOPBACK}"
ANY_END = "00000000:0000"


def table(*rows: str, v6: bool = False) -> Peers:
    """Peers read from a table, beside the row of our listener."""

    def read(path: str) -> str:
        listener = row(f"{LOOPBACK}:A499", ANY_END, "0A", 0)
        return HEAD + (listener if path.endswith("/tcp") else "") + "".join(rows if path.endswith("6") is v6 else [])

    peers = Peers([partial(read_tables, read=read)])
    assert peers.can_tell(LOCAL)
    return peers


@pytest.mark.parametrize(
    ("uid", "inode", "ours"), [(os.geteuid(), 77, True), (0, 77, True), (os.geteuid() + 1, 77, False), (0, 0, False)]
)
def test_the_owner_of_the_other_end(uid: int, inode: int, ours: bool) -> None:
    server = row(f"{LOOPBACK}:A499", f"{LOOPBACK}:C350", "01", os.geteuid())  # our own end says nothing
    peers = table(server, row(f"{LOOPBACK}:C350", f"{LOOPBACK}:A499", "01", uid, inode))
    assert peers.is_ours(PEER, LOCAL) is ours
    mapped = table(row(f"{MAPPED}:C350", f"{MAPPED}:A499", "01", uid, inode), v6=True)
    assert mapped.is_ours(PEER, LOCAL) is ours


def test_a_connection_that_is_not_listed() -> None:
    assert not table().is_ours(PEER, LOCAL)


def test_where_nothing_can_be_asked() -> None:
    def forbidden(_: Address, __: Address) -> None:
        raise PermissionError

    def knows_none(_: Address, __: Address) -> None:
        return None

    for sources in ([], [forbidden], [knows_none], [forbidden, knows_none]):
        assert not Peers(sources).can_tell(LOCAL)
        assert not Peers(sources).is_ours(PEER, LOCAL)


def test_the_next_source_is_asked_where_the_first_may_not_be() -> None:
    def forbidden(_: Address, __: Address) -> None:
        raise PermissionError

    def second(_: Address, remote: Address) -> Found:
        return Found(os.geteuid(), 7, 1 if remote[1] else 10)

    peers = Peers([forbidden, second])
    assert peers.can_tell(LOCAL) and peers.is_ours(PEER, LOCAL)


@pytest.mark.parametrize("found", [None, Found(os.geteuid(), 7, 10), Found(os.geteuid(), 0, 6)])
def test_who_listens_or_has_gone_is_not_who_asks(found: Found | None) -> None:
    peers = Peers([lambda _, remote: found if remote[1] else Found(0, 1, 10)])
    assert peers.can_tell(LOCAL) and not peers.is_ours(PEER, LOCAL)


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists whose a TCP connection is")


@linux
@pytest.mark.parametrize("source", [ask_kernel, read_tables])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_real_connection(host: str, source: Any) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener, socket.socket(family) as client:
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip(f"{host} is no address of this machine")
        listener.listen()
        peers = Peers([source])
        assert peers.can_tell(listener.getsockname()[:2])
        client.connect(listener.getsockname())
        ends = client.getsockname()[:2], client.getpeername()[:2]
        assert peers.is_ours(*ends)
        assert source(*ends).uid == os.geteuid()
        assert not peers.is_ours(("127.0.0.1" if host == "127.0.0.1" else "::1", 1), ends[1])
        client.close()
        assert not peers.is_ours(*ends)


@linux
@pytest.mark.parametrize("source", [ask_kernel, read_tables])
def test_an_ipv4_connection_of_an_ipv6_socket(source: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_INET6) as client:
        peers = Peers([source])
        assert peers.can_tell(listener.getsockname())
        client.connect((f"::ffff:{listener.getsockname()[0]}", listener.getsockname()[1]))
        served, peer = listener.accept()
        with served:
            assert peers.is_ours(peer, served.getsockname())


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
