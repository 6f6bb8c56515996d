"""What the door tells while it happens, such as what is said to an agent, also across restarts of the daemon."""

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, cast

from vox.client.agents.door import connected_socket
from vox.client.agents.message import AgentMessage, message_of
from vox.client.agents.reading import SILENCE_S, EventReader, messages_path
from vox.client.connection import broken
from vox.client.discovery import Address
from vox.client.events import AGAIN_MAX_S, AGAIN_S
from vox.errors import AgentConflict, DaemonUnavailable

__all__ = ["AgentStream", "DoorStream", "agent_stream", "status_stream"]

_READ_BYTES = 64 << 10
_ANSWER_S = 10.0  # a daemon lets an agent in within a millisecond


T = TypeVar("T")


class DoorStream(Generic[T]):
    """What one stream tells. It is connected from the beginning of its `with` block, or the first look at it, on.

    When the connection is lost, it is looked for again; what was told meanwhile is lost. It may be closed from another
    thread.

    Args:
        address: Gives where the daemon is; told whether it is asked for the first time, when it may start one. Raises
            `DaemonUnavailable`.
        path: Of the stream, below the door.
        read: Makes something of each JSON value; None is passed over.
        resume_s: Seconds to look for a daemon that went away; None for as long as it takes.
        changed: Called with False when the connection was lost, and with True when it is there again.
        wait: Waits that many seconds at most for something to read on a socket, or with None for nothing, and tells
            whether there is; for callers who have more to wait for. What it raises ends the iteration.
    """

    def __init__(
        self,
        address: Callable[[bool], Address],
        path: str,
        read: Callable[[Any], T | None],
        *,
        resume_s: float | None = 60.0,
        changed: Callable[[bool], object] = lambda _: None,
        wait: Callable[[socket.socket | None, float], bool] | None = None,
    ) -> None:
        self._address, self._path, self._parse = address, path, read
        self._resume_s, self._changed = resume_s, changed
        self._closing = threading.Event()
        self._wait = wait or self._wait_alone
        self._socket: socket.socket | None = None
        self._reader = EventReader(path)
        self._held = deque[T]()
        self._begun = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        """What is told next; waits for it.

        Raises:
            AgentConflict, AgentReserved, InvalidRequest: The id cannot be had.
            DaemonUnavailable: There is no daemon, or it went away and none came back in time.
        """
        while not self._held:
            if self._closing.is_set():
                raise StopIteration
            if self._socket is None:
                self._resume()
                continue
            came = self._wait(self._socket, SILENCE_S)  # what this raises is the caller's own
            try:
                self._read(self._socket, came)
            except OSError:
                self._lose()
        return self._held.popleft()

    def close(self) -> None:
        """Listen no more; whoever waits for something gets nothing. May be called more than once."""
        self._closing.set()
        self._let_go()

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            AgentConflict, AgentReserved, InvalidRequest, DaemonUnavailable: As by the iterator.
        """
        if self._socket is None:
            self._resume()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- inside

    def _read(self, connection: socket.socket, came: bool) -> None:
        """Take what came on a connection, if something did."""
        if not came:
            raise ConnectionError("it sent nothing")
        data = connection.recv(_READ_BYTES)
        self._held.extend(told for told in map(self._parse, self._reader.feed(data)) if told is not None)
        if not data:
            self._reader.end()

    def _resume(self) -> None:
        """Connect, and again until it works."""
        deadline = None if self._resume_s is None else time.monotonic() + self._resume_s
        pause = AGAIN_S
        while not self._closing.is_set():
            if self._begun:
                self._wait(None, pause)
                pause = min(2 * pause, AGAIN_MAX_S)
            try:
                return self._connect()
            except (DaemonUnavailable, AgentConflict):  # a conflict with ourselves: the daemon still sees the old one
                if self._closing.is_set():
                    return
                if not self._begun or (deadline is not None and time.monotonic() > deadline):
                    raise

    def _connect(self) -> None:
        address = self._address(not self._begun)
        self._reader = EventReader(self._path)
        try:
            connection = self._socket = connected_socket(address)
            connection.settimeout(_ANSWER_S)
            connection.sendall(self._reader.request(address))
            while not self._reader.begun:
                self._read(connection, True)
        except OSError as error:
            self._let_go()
            raise broken(error) from error
        except BaseException:
            self._let_go()
            raise
        if self._closing.is_set():  # by another thread, which may have found no connection yet
            self._let_go()
            return
        if self._begun:
            self._changed(True)
        self._begun = True

    def _lose(self) -> None:
        self._let_go()
        if not self._closing.is_set():
            self._changed(False)

    def _let_go(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it in another thread
            connection.close()

    def _wait_alone(self, connection: socket.socket | None, within_s: float) -> bool:
        if connection is None:
            return self._closing.wait(within_s)
        with contextlib.suppress(OSError):  # it was closed meanwhile, which its reader finds out
            connection.settimeout(within_s)
        return True


AgentStream = DoorStream[AgentMessage]
"""The messages to one agent. While it is connected, the agent is."""


def agent_stream(
    address: Callable[[bool], Address], agent: str, *, partials: bool = False, **options: Any
) -> AgentStream:
    """The messages to one agent.

    Args:
        agent: Its id, which nobody else has now.
        partials: Whether texts that are not finished are wanted, too.
        options: Those of `DoorStream`.
    """
    return DoorStream(address, messages_path(agent, partials=partials), message_of, **options)


def status_stream(address: Callable[[bool], Address], **options: Any) -> DoorStream[dict[str, Any]]:
    """How things stand, now and whenever that has changed: each a Status of OpenVIP.

    Args:
        options: Those of `DoorStream`.
    """
    return DoorStream(address, "/status/stream", _object_or_none, **options)


def _object_or_none(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
