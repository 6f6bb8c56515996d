"""What happens in the daemon, from now on or from some event on, also across its restarts."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from vox.client.aio.connection import AsyncConnection
from vox.client.events import AGAIN_MAX_S, AGAIN_S
from vox.client.told import RuntimeEvent, event_of, snapshot_of
from vox.errors import DaemonUnavailable

__all__ = ["AsyncEvents"]

_MAX_UNREAD = 1024  # events; four times what the daemon keeps of a topic

_numbers = count(1)  # a connection is shared: names of subscriptions must differ on all of them


class AsyncEvents:
    """The events of some topics, in their order. Use it in an `async with` block, or close it.

    When the connection is lost, it is looked for again, and the events since are told, too. Those that are kept no more
    are lost: an event `snapshot` of the topic `runtime` says so, and how things stand. The same happens to a reader who
    is a thousand events behind.

    Args:
        connected: Gives a connection; told whether it is the first.
        given: Parameters of `runtime.subscribe`.
        resume_s: Seconds to look for a daemon that went away.
    """

    def __init__(
        self,
        connected: Callable[[bool], Awaitable[AsyncConnection]],
        given: dict[str, Any],
        resume_s: float,
    ) -> None:
        self._connected, self._given, self._resume_s = connected, given, resume_s
        self._name = f"events-{next(_numbers)}"
        self._held = deque[RuntimeEvent]()
        self._news = asyncio.Event()
        self._connection: AsyncConnection | None = None
        self._begun = self._behind = self._closed = False
        self.snapshot: dict[str, Any] = {}
        """How things stood when it began, by topic; once it has been entered or looked at."""
        self.seq: int | None = given.get("since")
        """The number of the newest event that came: the `since` of a later subscription."""
        self.epoch: str | None = given.get("epoch")
        """Whose numbers these are: another daemon counts anew."""

    def __aiter__(self) -> "AsyncEvents":
        return self

    async def __anext__(self) -> RuntimeEvent:
        """The next event; waits for it.

        Raises:
            DaemonUnavailable: There is no daemon, or it went away and none came back in time.
            InvalidRequest: There is no such topic, or there are 16 subscriptions of this client already.
            NotAuthorized: The topic is not for this client.
        """
        while not self._held:
            if self._closed:
                raise StopAsyncIteration
            if self._connection is None:
                await self._resume()
            else:
                await self._news.wait()
                self._news.clear()
        return self._held.popleft()

    async def aclose(self) -> None:
        """Listen no more."""
        self.end()

    def end(self) -> None:
        """As `aclose`, without waiting."""
        self._closed = True
        self._held.clear()
        self._news.set()
        self._let_go()

    async def __aenter__(self) -> "AsyncEvents":
        """Begin to listen.

        Raises:
            DaemonUnavailable, InvalidRequest, NotAuthorized: As by the iterator.
        """
        if self._connection is None:
            await self._resume()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _resume(self) -> None:
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + self._resume_s, AGAIN_S
        while True:
            try:
                return await self._subscribe(await self._connected(not self._begun))
            except DaemonUnavailable:
                if not self._begun or loop.time() + pause > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, AGAIN_MAX_S)

    async def _subscribe(self, connection: AsyncConnection) -> None:
        since = {} if self.seq is None or self._behind else {"since": self.seq, "epoch": self.epoch}
        asked = {**self._given, **since, "subscriptionId": self._name}
        self._connection = connection
        connection.listen(self._name, self._put, lambda: self._lost(connection))
        try:
            answer = await connection.call("runtime.subscribe", {k: v for k, v in asked.items() if v is not None})
        except BaseException:
            self._let_go()
            raise
        self.snapshot, self.epoch = answer["snapshot"], answer["epoch"]
        anew = answer["snapshotRequired"] or self._behind
        if not since or anew:
            self.seq = self._held[-1].seq if self._held else answer["seq"]
        if anew:
            self._held.appendleft(snapshot_of(answer))
        self._begun, self._behind = True, False

    def _put(self, _: str, data: dict[str, Any], __: int) -> None:
        event = event_of(data)
        self.seq = event.seq
        if len(self._held) >= _MAX_UNREAD:
            self._held.clear()
            self._behind = True
            self._let_go()
        else:
            self._held.append(event)
        self._news.set()

    def _lost(self, connection: AsyncConnection) -> None:
        if self._connection is connection:
            self._connection = None
            self._news.set()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.unlisten(self._name)
