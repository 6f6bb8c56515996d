"""Events as lines of JSON: a snapshot first, then what happens, and a sign of life when nothing does."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from vox.doors.events.view import View, notice
from vox.runtime.events import Event, Events, Missed

__all__ = ["HEARTBEAT_S", "lines"]

HEARTBEAT_S = 15.0
"""Without an event for so long, a line says that nothing is wrong: half of what proxies commonly wait."""

_CHUNK = 64 << 10  # bytes handed over at once


async def lines(
    events: Events,
    view: View,
    wanted: Sequence[str] | None = None,
    since: int | None = None,
    epoch: str | None = None,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncGenerator[bytes]:
    """The events of some topics, some lines at a time, until the daemon stops or nobody reads any more.

    Args:
        since, epoch: As `Events.subscribe`.
        heartbeat_s: Seconds without events until a heartbeat.

    Raises:
        InvalidRequest, NotAuthorized: There is no such topic, or it is not for the caller; before the first line.
    """
    topics = view.topics(wanted)
    subscription = events.subscribe(topics, since, epoch=epoch)
    try:
        held = view.replay(subscription)
        first = view.anew(events, topics, missed=held is None)
        yield b"\n".join([first, *(event.json for event in held or ()), b""])
        while True:
            try:
                async with asyncio.timeout(heartbeat_s):
                    item = await anext(subscription)
            except TimeoutError:
                yield notice(events, subscription.seq, "heartbeat", {}) + b"\n"
                continue
            except StopAsyncIteration:
                return
            size, chunk = 0, list[bytes]()
            while item is not None:
                line = _line(events, view, topics, item)
                chunk.append(line)
                size += len(line)
                item = subscription.next() if size < _CHUNK else None
            if size:
                yield b"".join(chunk)
    finally:
        subscription.close()


def _line(events: Events, view: View, topics: Sequence[str], item: Event | Missed) -> bytes:
    if isinstance(item, Missed):
        return view.anew(events, topics, missed=True) + b"\n"
    return item.json + b"\n" if view.shows(item) else b""
