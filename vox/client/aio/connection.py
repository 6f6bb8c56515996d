"""Many calls at once on one channel: each answer and event finds its call by its id."""

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple, cast

from vox.client.aio.channel import AsyncChannel
from vox.client.connection import PROBE_S, broken, error_of, read_frame
from vox.errors import Cancelled, DaemonUnavailable

__all__ = ["AsyncConnection", "OnFrame"]

OnFrame = Callable[[str, dict[str, Any], int], None]
"""Called with the name and the data of an event, and the bytes it came in. What it raises ends the call."""


class _Running(NamedTuple):
    answer: "asyncio.Future[dict[str, Any]]"
    on_event: OnFrame | None


class AsyncConnection:
    """Calls on one channel, which is ours alone, on one event loop.

    Args:
        probe_s: Seconds of silence after which the daemon is asked whether it still lives, while something is awaited.
    """

    def __init__(self, channel: AsyncChannel, probe_s: float = PROBE_S) -> None:
        self.loop = asyncio.get_running_loop()
        self._channel, self._probe_s = channel, probe_s
        self._numbers = count(1)
        self._running: dict[int, _Running] = {}
        self._listeners: dict[str, OnFrame] = {}
        self._later: set[asyncio.Task[None]] = set()
        self._ended: DaemonUnavailable | None = None
        self._reader = asyncio.create_task(self._read())

    async def call(
        self, method: str, params: dict[str, Any], on_event: OnFrame | None = None, timeout: float | None = None
    ) -> dict[str, Any]:
        """Make one call and wait for its answer. When the waiting is cancelled, so is the call.

        Raises:
            DaemonUnavailable: The daemon is gone, or does not answer any more.
            Cancelled: `timeout` seconds have passed.
            VoxError: What the daemon answered.
        """
        number, answer = next(self._numbers), self.loop.create_future()
        self._running[number] = _Running(answer, on_event)
        try:
            async with asyncio.timeout(timeout):
                await self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
                return await answer
        except TimeoutError as error:
            raise Cancelled("The daemon did not answer within the time given; the call was cancelled.") from error
        finally:
            if self._running.pop(number, None) is not None:
                self._post({"jsonrpc": "2.0", "method": "$/cancel", "params": {"id": number}})

    def listen(self, subscription: str, on_event: OnFrame, on_end: Callable[[], None]) -> None:
        """Have what is pushed for a subscription handed over, and be told of the end of the connection."""
        self._listeners[subscription] = on_event
        self._reader.add_done_callback(lambda _: on_end())

    def unlisten(self, subscription: str) -> None:
        """Have nothing handed over any more, and tell the daemon."""
        if self._listeners.pop(subscription, None) is not None:
            ended = {"subscriptionId": subscription}
            number = next(self._numbers)
            self._post({"jsonrpc": "2.0", "id": number, "method": "runtime.unsubscribe", "params": ended})

    def usable(self) -> bool:
        """Whether another call may be made on it."""
        return self._ended is None and not self._reader.done() and self._channel.alive()

    async def close(self) -> None:
        """Close the channel; calls that still run end with `DaemonUnavailable`."""
        self._end(broken(ConnectionError("it was closed")))
        self._reader.cancel()
        await asyncio.wait([self._reader, *self._later])
        await self._channel.close()

    # ---- sending

    async def _send(self, message: dict[str, Any]) -> None:
        if self._ended is not None:
            raise self._ended
        try:
            await self._channel.send(json.dumps(message, separators=(",", ":")).encode("ascii"))
        except OSError as error:
            raise broken(error) from error

    def _post(self, message: dict[str, Any]) -> None:
        """Send without waiting; on a connection that is gone there is nobody to tell."""
        if self._ended is None:
            task = self.loop.create_task(self._try_to_send(message))
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    async def _try_to_send(self, message: dict[str, Any]) -> None:
        try:
            await self._send(message)
        except DaemonUnavailable as gone:
            self._end(gone)

    # ---- receiving

    async def _read(self) -> None:
        """Hand over what comes, until the connection ends."""
        try:
            while True:
                frame = await self._frame()
                self._take(read_frame(frame), len(frame))
        except DaemonUnavailable as gone:
            self._end(gone)
        except OSError as error:
            self._end(broken(error))

    async def _frame(self) -> bytes:
        """The next frame. While it is silent and somebody waits, the daemon is asked whether it lives."""
        asked = False
        while True:
            try:
                async with asyncio.timeout(self._probe_s):
                    return await self._channel.receive()
            except TimeoutError:
                if not self._running and not self._listeners:
                    asked = False
                    continue
            if asked:
                raise DaemonUnavailable(
                    f"The daemon is connected but has not reacted for {2 * self._probe_s:g} s. "
                    "Look at its log, and end its process if it hangs."
                )
            asked = True
            self._post({"jsonrpc": "2.0", "id": next(self._numbers), "method": "health", "params": {}})

    def _take(self, message: dict[str, Any], size: int) -> None:
        if message.get("method") == "event":
            self._event(cast("dict[str, Any]", message.get("params") or {}), size)
            return
        running = self._running.pop(cast("int", message.get("id")), None)
        if running is None or running.answer.done():
            return
        if "error" in message:
            running.answer.set_exception(error_of(message["error"]))
        else:
            running.answer.set_result(message.get("result") or {})

    def _event(self, told: dict[str, Any], size: int) -> None:
        name, data = str(told.get("event", "")), cast("dict[str, Any]", told.get("data") or {})
        if "id" not in told:
            listener = self._listeners.get(str(data.get("subscriptionId", "")))
            if listener is not None:
                listener(name, data, size)
            return
        running = self._running.get(told["id"])
        if running is None or running.on_event is None:
            return
        try:
            running.on_event(name, data, size)
        except Exception as error:  # the caller's own: it is raised where the call is awaited
            if not running.answer.done():
                running.answer.set_exception(error)

    def _end(self, why: DaemonUnavailable) -> None:
        if self._ended is None:
            self._ended = why
        running, self._running = self._running, {}
        for call in running.values():
            if not call.answer.done():
                # One for each: an exception that is raised in two places would tell the traces of both.
                call.answer.set_exception(DaemonUnavailable(why.message, **why.details))
