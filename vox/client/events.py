"""What happens in the daemon, from now on or from some event on, also across its restarts."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from vox.client.connection import Connection
from vox.client.told import RuntimeEvent, event_of, snapshot_of
from vox.errors import DaemonUnavailable

__all__ = ["AGAIN_MAX_S", "AGAIN_S", "EventStream"]

AGAIN_S = 0.1
"""Seconds between looks for a daemon that went away, at first; then twice as long each time up to"""
AGAIN_MAX_S = 2.0


class EventStream:
    """The events of some topics, in their order. Use it in a `with` block, or close it. It listens from the beginning
    of the block or the first look at it on, and has a connection of its own.

    When the connection is lost, it is looked for again, and the events since are told, too. Those that are kept no more
    are lost: an event `snapshot` of the topic `runtime` says so, and how things stand.

    Args:
        connected: Gives a connection; told whether it is the first.
        given: Parameters of `runtime.subscribe`.
        resume_s: Seconds to look for a daemon that went away.
    """

    def __init__(self, connected: Callable[[bool], Connection], given: dict[str, Any], resume_s: float) -> None:
        self._connected, self._given, self._resume_s = connected, given, resume_s
        self._held = deque[RuntimeEvent]()
        self._pushed: Generator[tuple[str, dict[str, Any]], None, dict[str, Any]] | None = None
        self._connection: Connection | None = None
        self._begun = self._closed = False
        self.snapshot: dict[str, Any] = {}
        """How things stood when it began, by topic; once it has been entered or looked at."""
        self.seq: int | None = given.get("since")
        """The number of the newest event that came: the `since` of a later subscription."""
        self.epoch: str | None = given.get("epoch")
        """Whose numbers these are: another daemon counts anew."""

    def __iter__(self) -> "EventStream":
        return self

    def __next__(self) -> RuntimeEvent:
        """The next event; waits for it.

        Raises:
            DaemonUnavailable: There is no daemon, or it went away and none came back in time.
            InvalidRequest: There is no such topic.
        """
        while not self._held:
            if self._closed:
                raise StopIteration
            if self._pushed is None:
                self._resume()
                continue
            try:
                event = event_of(next(self._pushed)[1])
            except DaemonUnavailable:
                self._let_go()
                continue
            self.seq = event.seq
            return event
        return self._held.popleft()

    def close(self) -> None:
        """Listen no more."""
        self._closed = True
        self._held.clear()
        self._let_go()

    def __enter__(self) -> "EventStream":
        """Begin to listen.

        Raises:
            DaemonUnavailable, InvalidRequest: As by the iterator.
        """
        if self._pushed is None:
            self._resume()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _resume(self) -> None:
        deadline, pause = time.monotonic() + self._resume_s, AGAIN_S
        while True:
            try:
                return self._subscribe()
            except DaemonUnavailable:
                self._let_go()
                if not self._begun or time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, AGAIN_MAX_S)

    def _subscribe(self) -> None:
        since = {} if self.seq is None else {"since": self.seq, "epoch": self.epoch}
        asked = {name: value for name, value in {**self._given, **since}.items() if value is not None}
        self._connection = self._connected(not self._begun)
        try:
            answer = self._connection.call("runtime.subscribe", asked)
        except BaseException:
            self._let_go()
            raise
        self._pushed = self._connection.pushed()
        self.snapshot, self.epoch = answer["snapshot"], answer["epoch"]
        if not since or answer["snapshotRequired"]:
            self.seq = answer["seq"]
        if answer["snapshotRequired"]:
            self._held.append(snapshot_of(answer))
        self._begun = True

    def _let_go(self) -> None:
        connection, self._connection, self._pushed = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()
