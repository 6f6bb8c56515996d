"""Whose program is at the other end of a loopback connection, where the system tells.

A loopback port is open to every user of the machine; this is what keeps the others out. Linux knows the owner of each
TCP socket. It is asked for one socket over netlink (sock_diag(7)), which takes some ten microseconds; where a sandbox
forbids that, the list of all of them is read (`/proc/net/tcp`, proc(5)), which can take ten milliseconds.
"""

import os
import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Address", "Found", "Peers", "ask_kernel", "read_tables"]

Address = tuple[str, int]
"""IP address and port."""

_ROOT = 0  # may read our files anyway
_LISTENING = 10  # the number of the state in both sources

_SOCK_DIAG, _DIAG_BY_FAMILY, _REQUEST, _TCP = 4, 20, 1, 6
_HEADER, _QUERY, _ENDS = "=IHHII", "=BBBBI", ">HH16s16s"
_ANY_DEVICE_NO_COOKIE = struct.pack("=III", 0, 0xFFFF_FFFF, 0xFFFF_FFFF)
_STATE_AT, _UID_AT = 16 + 1, 16 + 4 + 48 + 12  # in the answer, behind its header of 16 bytes
_ANSWER_S = 0.2  # the kernel answers while it is asked


class Found(NamedTuple):
    """A TCP socket. One that nobody holds any more is listed as root's, with inode 0."""

    uid: int
    inode: int
    state: int


Look = Callable[[Address, Address], "Found | None"]
"""Finds the socket with that local and that remote address. Raises OSError where there is nothing to ask."""


def ask_kernel(local: Address, remote: Address) -> Found | None:
    """Find one socket over netlink; where none is connected so, one that listens at `local`.

    Raises:
        OSError: There is no netlink here, or we may not use it.
    """
    if not hasattr(socket, "AF_NETLINK"):
        raise OSError("no netlink")
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    ends = struct.pack(_ENDS, local[1], remote[1], _packed(local[0]), _packed(remote[0]))
    body = struct.pack(_QUERY, family, _TCP, 0, 0, 0xFFFF_FFFF) + ends + _ANY_DEVICE_NO_COOKIE
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as kernel:
        kernel.settimeout(_ANSWER_S)
        kernel.send(struct.pack(_HEADER, 16 + len(body), _DIAG_BY_FAMILY, _REQUEST, 1, 0) + body)
        answer = kernel.recv(4096)
    if struct.unpack_from(_HEADER, answer)[1] != _DIAG_BY_FAMILY:
        return None
    uid, inode = struct.unpack_from("=II", answer, _UID_AT)
    return Found(uid, inode, answer[_STATE_AT])


def read_tables(
    local: Address, remote: Address, read: Callable[[str], str] = lambda name: Path(name).read_text(encoding="ascii")
) -> Found | None:
    """Find one socket in the lists of all.

    Raises:
        OSError: There are no such lists here.
    """
    wanted = {(_written(local[0], local[1]), _written(remote[0], remote[1]))}
    tables = ["/proc/self/net/tcp6"]
    if ":" not in local[0]:  # a program may use an IPv6 socket for an IPv4 connection
        tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        mapped = tuple(_written(f"::ffff:{address}", port) for address, port in (local, remote))
        wanted.add((mapped[0], mapped[1]))
    for table in tables:
        for line in read(table).splitlines()[1:]:
            row = line.split()
            if (row[1], row[2]) in wanted:
                return Found(uid=int(row[7]), inode=int(row[9]), state=int(row[3], 16))
    return None


class Peers:
    """Tells whether a connection is our own user's.

    Args:
        sources: Where it can be looked up, the preferred first.
    """

    def __init__(self, sources: Sequence[Look] = (ask_kernel, read_tables)) -> None:
        self._sources = sources
        self._look: Look | None = None

    def can_tell(self, listener: Address) -> bool:
        """Choose a source. False where none knows even the socket that we listen on: then none can tell."""
        nobody = ("::" if ":" in listener[0] else "0.0.0.0", 0)
        for look in self._sources:
            try:
                found = look(listener, nobody)
            except OSError:
                continue
            if found is not None and found.state == _LISTENING:
                self._look = look
                return True
        return False

    def is_ours(self, peer: Address, local: Address) -> bool:
        """Whether the program that connected from `peer` to `local` is this user's, or root's. Who has gone already is
        unknown, and so not ours."""
        try:
            found = self._look(peer, local) if self._look is not None else None
        except OSError:
            return False
        if found is None or not found.inode or found.state == _LISTENING:
            return False
        return found.uid in (os.geteuid(), _ROOT)


def _packed(ip: str) -> bytes:
    """An address in the sixteen bytes that netlink has for either kind."""
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip).ljust(16, b"\0")


def _written(ip: str, port: int) -> str:
    """An address as the tables have it: words of four bytes in the machine's own order, and the port, in hex."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
