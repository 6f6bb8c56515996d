"""Where the daemon of a home says it can be reached: its runtime.json."""

import json
from typing import Any, NamedTuple, cast

from vox.paths import Home

__all__ = ["Address", "find"]


class Address(NamedTuple):
    """What runtime.json says. A killed daemon leaves it behind, so only a connection proves that it is true."""

    socket: str | None
    """Path of the unix socket; None on systems without one."""
    port: int
    """TCP port on this machine."""
    pid: int
    version: str
    token: str
    """Proves on TCP that we may read the owner's files."""


def find(home: Home) -> Address | None:
    """The address of the daemon of `home`; None when no daemon has left one that can be read."""
    try:
        facts: Any = json.loads(home.runtime_json.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(facts, dict):
        return None
    known = cast("dict[str, Any]", facts)
    port, pid, path = known.get("port"), known.get("pid"), known.get("socket")
    if not isinstance(port, int) or not isinstance(pid, int):
        return None
    return Address(
        socket=path if isinstance(path, str) and path else None,
        port=port,
        pid=pid,
        version=str(known.get("version", "")),
        token=str(known.get("token", "")),
    )
