"""Whose program is at the other end of a loopback connection, where the system tells: Linux lists every TCP socket with
its owner in `/proc/net/tcp` and `tcp6` (proc(5): local and remote address, state, uid, inode).

A loopback port is open to every user of the machine; this is what keeps the others out.
"""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["Address", "Peers"]

Address = tuple[str, int]
"""IP address and port."""

_TABLES = {socket.AF_INET: "/proc/self/net/tcp", socket.AF_INET6: "/proc/self/net/tcp6"}
_LISTENING = "0A"  # the state's number in the tables
_ROOT = 0  # may read our files anyway
_UID, _INODE = 7, 9  # columns


class Peers:
    """Tells whether a connection is our own user's.

    Args:
        read: Reads one of the system's tables; raises OSError where there is none.
    """

    def __init__(self, read: Callable[[str], str] = lambda path: Path(path).read_text(encoding="ascii")) -> None:
        self._read = read

    def can_tell(self, listener: Address) -> bool:
        """Whether the system lists sockets here: it must at least list the one we listen on."""
        try:
            rows = self._rows(listener[0])
            wanted = _written(listener)
            return any(row[1] == wanted and row[3] == _LISTENING for row in rows)
        except OSError:
            return False

    def is_ours(self, peer: Address, local: Address) -> bool:
        """Whether the program that connected from `peer` to `local` is this user's, or root's.

        A socket that nobody holds any more is listed as root's, with inode 0: whoever closed it is unknown.
        """
        ends = (_written(peer), _written(local))
        try:
            row = next((row for row in self._rows(peer[0]) if (row[1], row[2]) == ends), None)
        except OSError:
            return False
        if row is None or row[_INODE] == "0":
            return False
        return int(row[_UID]) in (os.geteuid(), _ROOT)

    def _rows(self, ip: str) -> Iterator[list[str]]:
        table = self._read(_TABLES[socket.AF_INET6 if ":" in ip else socket.AF_INET])
        return (line.split() for line in table.splitlines()[1:])


def _written(address: Address) -> str:
    """An address as the tables have it: words of four bytes in the machine's own order, and the port, in hex."""
    ip, port = address
    packed = socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
