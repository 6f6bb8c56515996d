"""What of the events a caller may see.

A program of this machine sees everything. A web page sees how the daemon and its models are, and of the sessions those
that it began itself on the same connection. No event holds what was said, nor a secret.
"""

from collections.abc import Sequence
from typing import Any, cast

from vox.doors.rpc.handler import Access
from vox.errors import NotAuthorized
from vox.protocol.jsonrpc import encode
from vox.runtime.events import TOPICS, Event, Events, Missed, Subscription

__all__ = ["RUNTIME", "View", "notice"]

RUNTIME = "runtime"
"""The topic of what is told about the events themselves."""

_FOR_PAGES = ("health", "warmup", "transcribe.session", "synthesize.session")
_OF_CONNECTIONS = ("transcribe.session", "synthesize.session")


class View:
    """What one caller may see."""

    def __init__(self, access: Access) -> None:
        self._connection = access.connection
        self._all = access.owner or access.files

    def topics(self, wanted: Sequence[str] | None) -> tuple[str, ...]:
        """The topics to listen to; all that may be seen when none are named.

        Raises:
            NotAuthorized: A web page asks for what is none of its business.
        """
        seen = TOPICS if self._all else _FOR_PAGES
        refused = [topic for topic in wanted or () if topic in TOPICS and topic not in seen]
        if refused:
            raise NotAuthorized(f"A web page may not listen to {refused[0]!r}, only to: {', '.join(seen)}.")
        return seen if wanted is None else tuple(dict.fromkeys(wanted))

    def shows(self, event: Event) -> bool:
        """Whether the caller may see that event."""
        return self._all or event.topic not in _OF_CONNECTIONS or self._is_own(event.data)

    def snapshot(self, events: Events, topics: Sequence[str]) -> dict[str, dict[str, Any]]:
        """How things stand, as far as the caller may see it."""
        found = events.snapshot(topics)
        if not self._all:
            for topic in _OF_CONNECTIONS:
                if "sessions" in found.get(topic, {}):
                    sessions = cast("list[dict[str, Any]]", found[topic]["sessions"])
                    found[topic] = {"sessions": [session for session in sessions if self._is_own(session)]}
        return found

    def replay(self, subscription: Subscription) -> list[Event] | None:
        """What has happened since the number that a new subscription begins with; None when some of it is gone."""
        held: list[Event] = []
        while (item := subscription.next()) is not None:
            if isinstance(item, Missed):
                return None
            held.append(item)
        return [event for event in held if self.shows(event)]

    def anew(self, events: Events, topics: Sequence[str], *, missed: bool) -> bytes:
        """How things stand, in the form of an event."""
        data = {"epoch": events.epoch, "snapshotRequired": missed, "snapshot": self.snapshot(events, topics)}
        return notice(events, events.seq, "snapshot", data)

    def _is_own(self, data: dict[str, Any]) -> bool:
        return data.get("connectionId") == self._connection


def notice(events: Events, seq: int, name: str, data: dict[str, Any]) -> bytes:
    """Something about the events themselves, in the form of an event."""
    return encode({"seq": seq, "topic": RUNTIME, "name": name, "at": events.now(), "data": data}).rstrip(b"\n")
