"""What happens in the runtime, told to whoever listens.

Every event has a number, one higher than the event before it. The last events of each topic are kept once, for all
listeners together: a listener is no more than a place in that list, so that a thousand of them cost no memory, and one
that reads too slowly finds that the oldest are gone and is told to look anew.

Events are published and read on the daemon's event loop, never from threads.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import uuid4

from vox.errors import InvalidRequest
from vox.protocol.jsonrpc import encode

__all__ = ["KEPT", "TOPICS", "Event", "Events", "Missed", "Subscription"]

TOPICS: tuple[str, ...] = ("health", "warmup", "transcribe.session", "synthesize.session", "provider", "jobs")
"""What there is to listen to."""

KEPT = 256
"""Events kept of each topic: minutes of a busy daemon, for a client that lost its connection for a moment."""


@dataclass(frozen=True)
class Event:
    """Something that has happened."""

    seq: int
    """Its number, from 1, over all topics; gaps mean events of topics that are not listened to."""
    topic: str
    name: str
    at: str
    """When, in UTC: ISO 8601 with milliseconds."""
    data: dict[str, Any]

    @cached_property
    def json(self) -> bytes:
        """The event as a JSON object, made once for all who are told."""
        return encode(
            {"seq": self.seq, "topic": self.topic, "name": self.name, "at": self.at, "data": self.data}
        ).rstrip(b"\n")


@dataclass(frozen=True, slots=True)
class Missed:
    """Events are gone that were not read: what is known from events so far is worth nothing, look anew."""

    seq: int
    """Events after this number follow."""


class Events:
    """The events of one daemon.

    Args:
        kept: Events kept of each topic.
        now: The time in UTC.
    """

    def __init__(self, *, kept: int = KEPT, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.epoch = uuid4().hex
        """Whose numbers these are: another daemon, also this one started again, counts from 1 anew."""
        self.seq = 0
        """The number of the newest event."""
        self._now = now
        self._kept = {topic: deque[Event](maxlen=kept) for topic in TOPICS}
        self._gone = dict.fromkeys(TOPICS, 0)  # the newest of each topic that is kept no more
        self._listeners: set[Subscription] = set()
        self.ended = False
        """Nothing will happen any more."""
        self._sources: dict[str, Callable[[], dict[str, Any]]] = {}

    def publish(self, topic: str, name: str, data: dict[str, Any]) -> None:
        """Tell that something has happened. Nothing is written out for it unless somebody listens.

        Args:
            data: JSON values, not changed by anybody afterwards. What belongs to one connection says so under
                `connectionId`, and is shown to no web page on another.
        """
        self.seq += 1
        kept = self._kept[topic]
        if len(kept) == kept.maxlen:
            self._gone[topic] = kept[0].seq
        kept.append(Event(self.seq, topic, name, self.now(), data))
        for listener in self._listeners:
            if topic in listener.topics:
                listener.wake()

    def now(self) -> str:
        """The time in UTC, as events tell it."""
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def end(self) -> None:
        """The daemon ends: each listener reads what there is, and is done."""
        self.ended = True
        for listener in self._listeners:
            listener.wake()

    def describe(self, topic: str, source: Callable[[], dict[str, Any]]) -> None:
        """Have `source` say how things of that topic stand, in every snapshot from now on. A list under `sessions`
        holds objects that name their `connectionId`."""
        self._sources[topic] = source

    def snapshot(self, topics: Iterable[str] = TOPICS) -> dict[str, dict[str, Any]]:
        """How things stand now, by topic; empty for a topic that nobody describes."""
        return {topic: self._sources[topic]() if topic in self._sources else {} for topic in topics}

    def subscribe(
        self, topics: Collection[str] = TOPICS, since: int | None = None, *, epoch: str | None = None
    ) -> "Subscription":
        """Listen to some topics.

        Args:
            since: Begin after that event rather than now. When some since then are kept no more, or there has been no
                such event, the subscription begins with `Missed`.
            epoch: Whose numbering `since` is of, when that is known.

        Raises:
            InvalidRequest: There is no such topic.
        """
        unknown = [topic for topic in topics if topic not in TOPICS]
        if unknown:
            raise InvalidRequest(f"There is no topic {unknown[0]!r}. Known: {', '.join(TOPICS)}.", known=list(TOPICS))
        subscription = Subscription(self, frozenset(topics), self.seq if since is None else since)
        if since is not None and (since > self.seq or epoch not in (None, self.epoch)):
            subscription.lose()
        self._listeners.add(subscription)
        return subscription

    def after(self, seq: int, topics: Collection[str]) -> list[Event] | None:
        """The events of some topics after a number, in their order; None when some of them are kept no more."""
        if any(self._gone[topic] > seq for topic in topics):
            return None
        found: list[Event] = []
        for topic in topics:
            for event in reversed(self._kept[topic]):
                if event.seq <= seq:
                    break
                found.append(event)
        return sorted(found, key=lambda event: event.seq)

    def forget(self, subscription: "Subscription") -> None:
        """It listens no more."""
        self._listeners.discard(subscription)


class Subscription:
    """The events of some topics from some moment on, in their order: iterate over it, and close it in the end.

    What it holds is bounded by what is kept anyway.
    """

    __slots__ = ("_batch", "_closed", "_events", "_lost", "_news", "_seq", "topics")

    def __init__(self, events: Events, topics: frozenset[str], seq: int) -> None:
        self.topics = topics
        self._events, self._seq, self._lost, self._closed = events, seq, False, False
        self._batch: deque[Event] = deque()
        self._news: asyncio.Future[None] | None = None

    @property
    def seq(self) -> int:
        """Everything up to this number has been read, or is gone."""
        return self._batch[0].seq - 1 if self._batch else self._seq

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Event | Missed:
        """The next event, waited for; `Missed` when it is gone already. It ends with the daemon, and when somebody
        closes it."""
        while True:
            found = self.next()
            if found is not None:
                return found
            if self._closed or self._events.ended:
                raise StopAsyncIteration
            self._news = asyncio.get_running_loop().create_future()
            try:
                await self._news
            finally:
                self._news = None

    def next(self) -> Event | Missed | None:
        """The next event if there is one already; None when everything has been read."""
        if self._closed:
            return None
        if not self._batch and not self._fetch():
            return Missed(self._seq)
        return self._batch.popleft() if self._batch else None

    def lose(self) -> None:
        """Count everything until now as lost."""
        self._lost = True

    def wake(self) -> None:
        """There is something to read."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def close(self) -> None:
        """Listen no more; whoever waits for the next event is told that there is none."""
        self._closed = True
        self._batch.clear()
        self._events.forget(self)
        self.wake()

    def _fetch(self) -> bool:
        """Take what has come since; False when something of it is gone."""
        found = None if self._lost else self._events.after(self._seq, self.topics)
        self._seq, self._lost = self._events.seq, False
        self._batch.extend(found or ())
        return found is not None
