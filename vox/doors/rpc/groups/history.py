"""Methods about what was recorded of calls: the records with their text, and what the calls cost."""

from functools import partial
from typing import Any

import anyio

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.errors import InvalidRequest, NotAuthorized
from vox.runtime.history import MAX_PAGE, Filter
from vox.runtime.performance import MAX_RECENT
from vox.runtime.runtime import Runtime

__all__ = ["HistoryMethods"]

_PAGE, _DEFAULT_RECENT = 50, 20
_MANY = 1_000_000  # what may be asked for; a page gives what fits into it


class HistoryMethods:
    """`history.list`, `history.get`, `history.delete`, `history.clear`, `telemetry.summary`.

    Here `clientId` says whose records are meant, not who asks.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.handlers: dict[str, Handler] = {
            "history.list": self._list,
            "history.get": self._get,
            "history.delete": self._delete,
            "history.clear": self._clear,
            "telemetry.summary": self._summary,
        }

    async def _list(self, params: Params, access: Access, _: Emit) -> dict[str, Any]:
        _require_program(access)
        limit = min(MAX_PAGE, int(params.number("limit", 1, _MANY) or _PAGE))
        page = await self._runtime.history.page(_filter(params), before=params.text("before"), limit=limit)
        return {"records": page.records, "nextCursor": page.next_cursor, "enabled": self._runtime.history.enabled}

    async def _get(self, params: Params, access: Access, _: Emit) -> dict[str, Any]:
        _require_program(access)
        return {"record": await self._runtime.history.get(_id(params))}

    async def _delete(self, params: Params, access: Access, _: Emit) -> dict[str, Any]:
        _require_program(access)
        number = _id(params)
        return {"deleted": await self._runtime.history.delete(number), "id": number}

    async def _clear(self, params: Params, access: Access, _: Emit) -> dict[str, Any]:
        _require_program(access)
        return {"deleted": await self._runtime.history.clear(_filter(params))}

    async def _summary(self, params: Params, access: Access, _: Emit) -> dict[str, Any]:
        _require_program(access)
        wanted = partial(
            self._runtime.performance.summary,
            client=params.text("clientId"),
            route=params.text("route"),
            last=_DEFAULT_RECENT if (last := params.number("last", 0, _MANY)) is None else min(MAX_RECENT, int(last)),
        )
        return await anyio.to_thread.run_sync(wanted)


def _require_program(access: Access) -> None:
    """What was said on this machine is for its programs, not for the pages somebody looks at."""
    if not access.files:
        raise NotAuthorized("A web page may not read what was recorded of other clients.")


def _id(params: Params) -> str:
    number = params.text("id", key="id")
    if not number:
        raise InvalidRequest("Missing history id")
    return number


def _filter(params: Params) -> Filter:
    return Filter(
        kind=params.text("kind"),
        source=params.text("source"),
        client=params.text("clientId"),
        model=params.text("modelId"),
        session=params.text("sessionId"),
        outcome=params.text("outcome"),
        query=params.text("query"),
    )
