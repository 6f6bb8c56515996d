"""Methods about the daemon itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from vox.doors.rpc.handler import Access, Emit, Handler, require_owner
from vox.doors.rpc.params import Params

__all__ = ["Daemon", "DaemonMethods"]


@dataclass(frozen=True, slots=True)
class Daemon:
    """What the methods need of the process they run in."""

    health: Callable[[], dict[str, Any]]
    doctor: Callable[[], Awaitable[dict[str, Any]]]
    stop: Callable[[], None]
    reload: Callable[[], dict[str, Any]]


class DaemonMethods:
    """`health`, `doctor.run`, `daemon.stop`."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.handlers: dict[str, Handler] = {
            "health": self._health,
            "doctor.run": self._doctor,
            "daemon.stop": self._stop,
        }

    async def _health(self, _: Params, __: Access, ___: Emit) -> dict[str, Any]:
        return self._daemon.health()

    async def _doctor(self, _: Params, __: Access, ___: Emit) -> dict[str, Any]:
        return await self._daemon.doctor()

    async def _stop(self, _: Params, access: Access, __: Emit) -> dict[str, Any]:
        require_owner(access)
        self._daemon.stop()
        return {"stopping": True}
