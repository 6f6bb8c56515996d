"""Server events on their way to one client: in order, none lost, and speech made no faster than it is taken."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias, cast

__all__ = ["Event", "Outbox"]

Event: TypeAlias = dict[str, Any]
"""One server event in GA shape, `type` and `event_id` first."""

_AUDIO = "response.output_audio.delta"
_ENOUGH = 1 << 20  # characters of base64 audio unsent, some 16 s, past which a reply waits before it makes more
_MOST = 64 << 20  # of everything: a client that takes nothing while it sends ever more is let go


class Outbox:
    """The events of one session. Whoever makes them never waits in `emit`; the socket's writer iterates.

    Args:
        overflow: Called once when the client leaves far too much untaken; it should end the session.
    """

    def __init__(self, overflow: Callable[[], None] = lambda: None) -> None:
        self._events: deque[tuple[Event, int]] = deque()
        self._audio = self._bytes = 0
        self._news, self._taken = asyncio.Event(), asyncio.Event()
        self._overflow = overflow
        self._prefix, self._count = secrets.token_hex(6), 0
        self.closed = False

    def emit(self, type: str, /, **fields: Any) -> None:
        """Send an event when its turn comes; what is emitted after `close` is dropped.

        Args:
            fields: As they stand on the wire. None is sent as null: what is absent is to be left out.
        """
        if self.closed:
            return
        size = 64 + _size(fields)
        if self._bytes + size > _MOST:
            self.close()
            self._overflow()
            return
        self._count += 1
        event = {"type": type, "event_id": f"event_{self._prefix}{self._count:06x}", **fields}
        self._events.append((event, size))
        self._bytes += size
        self._audio += size if type == _AUDIO else 0
        self._news.set()

    async def room(self) -> None:
        """Wait while much audio is unsent. A closed outbox has room for what it drops."""
        while self._audio > _ENOUGH and not self.closed:
            self._taken.clear()
            await self._taken.wait()

    def drop_audio(self, response_id: str) -> None:
        """Forget the audio of a response that nobody has taken yet; for one that is cancelled."""
        kept = [pair for pair in self._events if not _is_audio_of(pair[0], response_id)]
        dropped = sum(size for _, size in self._events) - sum(size for _, size in kept)
        self._events = deque(kept)
        self._bytes -= dropped
        self._audio -= dropped
        self._taken.set()

    def close(self) -> None:
        """Nothing else comes; what is there can still be taken. May be called again."""
        self.closed = True
        self._news.set()
        self._taken.set()

    def clear(self) -> None:
        """Forget what nobody has taken: much memory, which would else wait for the garbage collector."""
        self._events.clear()
        self._audio = self._bytes = 0
        self._taken.set()

    def __aiter__(self) -> "Outbox":
        return self

    async def __anext__(self) -> Event:
        """The next event; the iteration ends once the outbox is closed and empty."""
        while not self._events:
            if self.closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self.take()

    def take(self) -> Event:
        """The next event, which must be there.

        Raises:
            IndexError: There is none.
        """
        event, size = self._events.popleft()
        self._bytes -= size
        self._audio -= size if event["type"] == _AUDIO else 0
        self._taken.set()
        return event

    def __len__(self) -> int:
        """Events that nobody has taken yet."""
        return len(self._events)


def _is_audio_of(event: Event, response_id: str) -> bool:
    return event["type"] == _AUDIO and event["response_id"] == response_id


def _size(value: Any) -> int:
    """About how many bytes a value has on the wire."""
    if isinstance(value, str):
        return len(value) + 3
    if isinstance(value, dict):
        return sum(len(str(key)) + 4 + _size(one) for key, one in cast("dict[Any, Any]", value).items())
    if isinstance(value, list | tuple):
        return sum(_size(one) for one in cast("list[Any]", value))
    return 8
