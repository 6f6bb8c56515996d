"""Methods about events: listening to what happens in the runtime."""

from typing import Any

from vox.doors.events.view import View
from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.errors import InvalidRequest
from vox.protocol.jsonrpc import encode
from vox.runtime.events import Event, Events, Missed, Subscription
from vox.runtime.runtime import Runtime

__all__ = ["MAX_SUBSCRIPTIONS", "EventMethods"]

MAX_SUBSCRIPTIONS = 16
"""Of one connection; more than there are topics."""

_EVENT = "runtime.event"
_LONGEST_NAME = 64
_NUMBERS = 2**53  # up to here every number is the same in every language


class EventMethods:
    """`runtime.subscribe`, `runtime.unsubscribe`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._open: dict[str, dict[str, Subscription]] = {}  # by connection
        self.handlers: dict[str, Handler] = {
            "runtime.subscribe": self._subscribe,
            "runtime.unsubscribe": self._unsubscribe,
        }

    async def _subscribe(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        events, view = self._runtime.events, View(access)
        since, name = params.number("since", 0, _NUMBERS), params.text("subscriptionId")
        topics = view.topics(params.texts("topics"))
        if name is not None and len(name) > _LONGEST_NAME:
            raise InvalidRequest(f"subscriptionId may have {_LONGEST_NAME} characters.")
        mine = self._open.get(access.connection, {})
        if len(mine) >= MAX_SUBSCRIPTIONS and name not in mine:
            raise InvalidRequest(f"This connection has {MAX_SUBSCRIPTIONS} subscriptions; end one of them.")
        subscription = events.subscribe(topics, None if since is None else int(since), epoch=params.text("epoch"))
        name = name or _free_name(mine)
        if name in mine:
            mine[name].close()
        self._open.setdefault(access.connection, mine)[name] = subscription
        held = view.replay(subscription)
        told = _Told(events, subscription, view, topics, name, emit)

        async def tell() -> None:
            try:
                await told.run(held or [])
            finally:
                self._close(access.connection, name, subscription)

        emit.keep(tell)
        return {
            "subscriptionId": name,
            "epoch": events.epoch,
            "seq": events.seq,
            "topics": list(topics),
            "snapshot": view.snapshot(events, topics),
            "snapshotRequired": held is None,
            "replayed": len(held or ()),
        }

    async def _unsubscribe(self, params: Params, access: Access, _: Emit) -> dict[str, Any]:
        """Without a name: everything this connection listens to."""
        name = params.text("subscriptionId")
        mine = self._open.get(access.connection, {})
        if name is not None and name not in mine:
            raise InvalidRequest(f"There is no subscription {name!r} on this connection.")
        ended = [name] if name is not None else list(mine)
        for one in ended:
            self._close(access.connection, one, mine[one])
        return {"unsubscribed": ended}

    def _close(self, connection: str, name: str, subscription: Subscription) -> None:
        subscription.close()
        mine = self._open.get(connection, {})
        if mine.get(name) is subscription:
            del mine[name]
            if not mine:
                del self._open[connection]


class _Told:
    """One subscription at work: its events, each pushed when the connection has room for it."""

    def __init__(
        self, events: Events, subscription: Subscription, view: View, topics: tuple[str, ...], name: str, emit: Emit
    ) -> None:
        self._events, self._subscription, self._view = events, subscription, view
        self._topics, self._emit = topics, emit
        self._head = encode({"subscriptionId": name}).rstrip(b"}\n") + b","

    async def run(self, held: list[Event]) -> None:
        for event in held:
            await self._push(event)
        async for item in self._subscription:
            if isinstance(item, Missed) or self._view.shows(item):
                await self._push(item)

    async def _push(self, item: Event | Missed) -> None:
        await self._emit.room()
        lost = isinstance(item, Missed)
        json = self._view.anew(self._events, self._topics, missed=True) if lost else item.json
        self._emit.push_json(_EVENT, self._head + json[1:])


def _free_name(taken: dict[str, Subscription]) -> str:
    return next(name for number in range(1, MAX_SUBSCRIPTIONS + 2) if (name := f"s{number}") not in taken)
