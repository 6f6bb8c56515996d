"""Alias listeners: further ports of the same doors, which programs and pages that were not made for us expect.

An alias is a convenience. When another program has its port, the daemon runs without it and says so, in `health` and in
`vox status`; the doors stay reachable on the daemon's own port.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vox.config.settings import Settings
from vox.daemon.listen import bind_tcp
from vox.errors import ConfigError
from vox.log import get_logger

__all__ = ["OPENVIP", "Alias", "aliases_of", "open_aliases"]

OPENVIP = "openvip"
"""The door whose paths are at the root of its port, too."""

_LOOPBACK = "127.0.0.1"  # an alias never leaves this machine, wherever the daemon itself listens

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Alias:
    """A door's own port. `listener` is None when another program has it."""

    door: str
    port: int
    listener: socket.socket | None = None

    def shape(self) -> dict[str, Any]:
        """As `health` shows it."""
        return {"door": self.door, "port": self.port, "listening": self.listener is not None}


def aliases_of(settings: Settings) -> list[Alias]:
    """The aliases that shall be taken."""
    wanted = [Alias("companion", settings.bridge_port), Alias(OPENVIP, settings.openvip_port)]
    return wanted if settings.alias_ports else []


def open_aliases(wanted: Iterable[Alias]) -> list[Alias]:
    """Take the ports that are free; port 0 takes any."""
    return [_open(alias) for alias in wanted]


def _open(alias: Alias) -> Alias:
    try:
        listener = bind_tcp(_LOOPBACK, alias.port)
    except ConfigError as error:
        _log.warning("daemon.alias_taken", door=alias.door, port=alias.port, why=error.message)
        return alias
    return Alias(alias.door, listener.getsockname()[1], listener)
