"""A stream of the door, such as an agent's messages: fed with the bytes of the connection, it gives what they say.
No I/O here."""

import json
from typing import Any, cast
from urllib.parse import quote

from vox.client.agents.http import Response, request
from vox.client.connection import error_of
from vox.client.discovery import Address
from vox.errors import VoxError

__all__ = ["SILENCE_S", "EventReader", "messages_path", "refusal"]

SILENCE_S = 45.0
"""Seconds without a byte after which a stream is dead: the daemon sends some every 15."""

_EVENT_BYTES = 8 << 20  # more than the daemon takes of a message
_BODY_BYTES = 1 << 20  # of a refusal


class EventReader:
    """Reads one stream of JSON values.

    Args:
        path: Of the stream, below the door.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._response = Response()
        self._refused = bytearray()
        self._events = _Events()

    @property
    def begun(self) -> bool:
        """Whether the daemon has let us in: for a stream of messages, that is what makes an agent one."""
        return self._response.status == 200

    def request(self, address: Address) -> bytes:
        """What to send first."""
        return request("GET", self._path, address.port, address.token)

    def feed(self, data: bytes) -> list[Any]:
        """Take what came; the values that are complete with it.

        Raises:
            ConnectionError: The stream is over, or is not what a daemon sends.
            AgentConflict, AgentReserved, InvalidRequest, VoxError: The daemon has not let us in.
        """
        body = self._response.feed(data)
        if self.begun:
            if self._response.done:
                raise ConnectionError("it ended the stream")
            return self._events.feed(body)
        self._refused += body
        if self._response.done or len(self._refused) > _BODY_BYTES:
            raise refusal(self._response.status, bytes(self._refused))
        return []

    def end(self) -> None:
        """The connection has ended. A daemon ends no stream that goes on.

        Raises:
            VoxError: The daemon has not let us in.
            ConnectionError: In all other cases.
        """
        if self._response.status and not self.begun:
            raise refusal(self._response.status, bytes(self._refused))
        raise ConnectionError("it closed the connection")


class _Events:
    """Server-sent events whose data is JSON. Data that is none is passed over, as events without data are."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []

    def feed(self, body: bytes) -> list[Any]:
        *lines, rest = body.split(b"\n")
        found: list[Any] = []
        for line in lines:
            self._line += line
            self._take(bytes(self._line.removesuffix(b"\r")), found)
            self._line.clear()
        self._line += rest
        if len(self._line) + sum(map(len, self._data)) > _EVENT_BYTES:
            raise ConnectionError(f"it sent an event of more than {_EVENT_BYTES} bytes")
        return found

    def _take(self, line: bytes, found: list[Any]) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            try:
                found.append(json.loads(data))
            except ValueError:
                return


def messages_path(agent: str, *, partials: bool = False) -> str:
    """Where an agent's messages are read and sent, below the door.

    Args:
        partials: Whether texts that are not finished are wanted, too.
    """
    return f"/agents/{quote(agent, safe='')}/messages" + ("?partials=1" if partials else "")


def refusal(status: int, body: bytes) -> VoxError:
    """The error that an answer of the door tells of."""
    try:
        told: Any = json.loads(body)
    except ValueError:
        told = None
    facts = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    own: Any = facts.get("x_vox")
    if not isinstance(own, dict):
        return VoxError(f"The daemon answered with status {status}. Is it of this version? If not: vox daemon restart")
    return error_of({"message": facts.get("error"), "data": own})
