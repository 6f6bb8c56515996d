"""The method about the methods."""

from typing import Any

from vox.doors.rpc.described.document import document
from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params

__all__ = ["DiscoverMethods"]


class DiscoverMethods:
    """`rpc.discover`."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {"rpc.discover": self._discover}

    async def _discover(self, _: Params, __: Access, ___: Emit) -> dict[str, Any]:
        return document()
