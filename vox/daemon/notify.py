"""Telling the service manager how the daemon is doing: that it is ready, that it ends, and that it is alive.

The protocol is that of `sd_notify(3)`: a datagram of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names. Where
there is none, as with every daemon that no service manager has started, nothing is sent.
"""

import os
import socket
from collections.abc import MutableMapping

import anyio

from vox.log import get_logger

__all__ = ["Notifier"]

_SEND_S = 1.0  # a manager reads at once; one that does not must not hold up the daemon
_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")

_log = get_logger()


class Notifier:
    """The way to the service manager, taken out of the environment: no program that we start may speak for us."""

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        source = os.environ if environment is None else environment
        path, every, pid = (source.pop(name, "") for name in _VARIABLES)
        self._address = f"\0{path[1:]}" if path.startswith("@") else path  # "@" stands for Linux's abstract sockets
        watched = every.isdecimal() and pid in ("", str(os.getpid()))
        self.watchdog_s = int(every) / 1e6 if watched and self._address else 0.0
        """Seconds of silence after which the manager takes the daemon for hung; 0 when it does not watch."""

    def ready(self, status: str) -> None:
        """Clients can come. The status is a line for people."""
        self._send(f"READY=1\nSTATUS={status}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1\nSTATUS=Stopping")

    async def watch(self) -> None:
        """Give a sign of life, twice in the time after which one is missed, for as long as the daemon's loop turns."""
        if not self.watchdog_s:
            return
        while True:
            self._send("WATCHDOG=1")
            await anyio.sleep(self.watchdog_s / 2)

    def _send(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.settimeout(_SEND_S)
                channel.sendto(text.encode("utf-8"), self._address)
        except OSError as error:
            _log.warning("daemon.not_notified", said=text.partition("\n")[0], why=str(error))
