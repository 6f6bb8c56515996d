"""Who has the ports that clients knock at?"""

import os
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from vox.config.settings import Settings
from vox.daemon.aliases import aliases_of
from vox.daemon.doctor.check import Check

__all__ = ["Holder", "holder_of", "ports"]

_LISTENING = "0A"  # proc(5): the state in /proc/net/tcp
_KNOCK_S = 0.5
_LSOF_S = 3.0
_VARIABLES = {"the companion door": "VOX_BRIDGE_PORT", "the openvip door": "VOX_OPENVIP_PORT"}
_CHOOSE = "stop that program, or set VOX_PORT, or `port` in config.json, to another one; 0 takes any"


class Holder(NamedTuple):
    """The program that listens at a port; None where the system does not tell."""

    pid: int | None
    name: str | None

    def __str__(self) -> str:
        if self.pid is None:
            return "a program of another user" if os.name == "posix" else "another program"
        return f"{self.name or 'a program'} (process {self.pid})"


def ports(settings: Settings, daemon: int | None) -> Iterable[Check]:
    """Each port that is wanted.

    Args:
        daemon: The daemon's process; None where there is none.
    """
    wanted = {settings.port: "clients"} | {alias.port: f"the {alias.door} door" for alias in aliases_of(settings)}
    return [_check(port, use, settings, daemon) for port, use in wanted.items() if port]


def _check(port: int, use: str, settings: Settings, daemon: int | None) -> Check:
    name, holder = f"port {port}", holder_of(port)
    if holder is None:
        return Check(name, "ok", f"for {use}: free" + ("; the next start takes it" if daemon is not None else ""))
    if daemon is not None and holder.pid == daemon:
        return Check(name, "ok", f"for {use}: Vox listens")
    told = f"for {use}: taken by {holder}"
    if port != settings.port:
        remedy = ("Free it", f"stop that program, then: vox daemon restart; or set {_VARIABLES[use]}")
        return Check(name, "warning", f"{told}; programs that expect Vox there do not find it", remedy)
    asked_for = "port" in settings.model_fields_set
    if asked_for and daemon is None:
        return Check(name, "error", told, ("Choose another port", _CHOOSE))
    return Check(
        name, "warning", f"{told}; clients that do not read runtime.json do not find Vox", ("Free it", _CHOOSE)
    )


def holder_of(port: int) -> Holder | None:
    """Who listens at a port of this machine; None when nobody does."""
    if sys.platform.startswith("linux"):
        with suppress(OSError):
            inodes = _listening(port)
            return _by_inode(inodes) if inodes else None
    if not _answers(port):
        return None
    return _by_lsof(port) if os.name == "posix" else Holder(None, None)


def _listening(port: int) -> set[str]:
    """Inodes of the sockets that listen there.

    Raises:
        OSError: The system does not tell.
    """
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    with suppress(OSError):  # without IPv6 there is no such list
        rows += [line.split() for line in Path("/proc/net/tcp6").read_text(encoding="ascii").splitlines()[1:]]
    return {row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port}


def _by_inode(inodes: set[str]) -> Holder:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            if not wanted.isdisjoint(_open_files(process)):
                return Holder(int(process.name), _name(process))
    return Holder(None, None)


def _open_files(process: Path) -> Iterator[str]:
    for entry in os.listdir(process / "fd"):
        with suppress(FileNotFoundError):  # closed meanwhile
            yield os.readlink(process / "fd" / entry)


def _name(process: Path) -> str:
    words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    if "vox.daemon" in words or Path(words[0]).name == "voxd":
        return "another Vox daemon"
    return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), _KNOCK_S):
            return True
    except OSError:
        return False


def _by_lsof(port: int) -> Holder:
    import subprocess

    argv = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    try:
        said = subprocess.run(argv, capture_output=True, encoding="utf-8", timeout=_LSOF_S, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return Holder(None, None)
    facts = {line[:1]: line[1:] for line in reversed(said.splitlines())}  # of several, the first
    return Holder(int(facts["p"]), facts.get("c")) if facts.get("p", "").isdecimal() else Holder(None, None)
