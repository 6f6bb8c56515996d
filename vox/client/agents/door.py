"""Asking the daemon's OpenVIP door, one request at a time."""

import json
import socket
from collections.abc import Callable
from typing import Any, cast

from vox.client.agents.http import Response, request
from vox.client.agents.message import command_of, speech, transcription
from vox.client.agents.reading import messages_path, refusal
from vox.client.connection import broken
from vox.client.discovery import Address
from vox.errors import DaemonUnavailable

__all__ = ["Door", "connected_socket"]

_CONNECT_S = 5.0  # this machine answers in microseconds or is in trouble
_ANSWER_S = 20.0  # the longest answer, that of a speech, takes eight
_READ_BYTES = 64 << 10


class Door:
    """The door of a daemon.

    Args:
        address: Gives where the daemon is, for each request anew: it may have been restarted. Raises
            `DaemonUnavailable`.
    """

    def __init__(self, address: Callable[[], Address]) -> None:
        self._address = address

    def status(self) -> dict[str, Any]:
        """Who is connected and how things stand: a Status of OpenVIP.

        Raises:
            DaemonUnavailable, NotAuthorized: It cannot be asked.
        """
        return self._ask("GET", "/status")

    def control(self, command: str) -> dict[str, Any]:
        """Have something done: `stt.start`, `stt.stop`, `output.set_agent:ID`.

        Raises:
            AgentNotConnected: No such agent is there.
            InvalidRequest: There is no such command.
            DaemonUnavailable, NotAuthorized: It cannot be asked.
        """
        return self._ask("POST", "/control", command_of(command))

    def send(self, agent: str, text: str, *ops: str) -> dict[str, Any]:
        """Tell an agent a text as if it had been said, with `submit` or `newline` behind it.

        Raises:
            AgentNotConnected: It is not there.
            InvalidRequest: There is no such op.
            DaemonUnavailable, NotAuthorized: It cannot be asked.
        """
        return self._ask("POST", messages_path(agent), transcription(text, ops))

    def say(self, text: str, **wanted: Any) -> dict[str, Any]:
        """Have a text spoken on the daemon's loudspeaker, behind what is being spoken there. Returns when it was, or
        after eight seconds.

        Args:
            wanted: `model`, `voice`, `language`, `speed`.

        Returns:
            `duration_ms` of the speech, among others.

        Raises:
            InvalidRequest, ModelNotFound, VoiceNotFound: That cannot be spoken.
            SpeakerUnavailable: There is no loudspeaker.
            DaemonUnavailable, NotAuthorized: It cannot be asked.
            VoxError: The model failed.
        """
        return self._ask("POST", "/speech", speech(text, **wanted))

    def hush(self) -> dict[str, Any]:
        """Silence what is being spoken, and drop what waits behind it.

        Raises:
            DaemonUnavailable, NotAuthorized: It cannot be asked.
        """
        return self._ask("POST", "/speech/stop", {})

    def focus(self, agent: str, focused: bool) -> dict[str, Any]:
        """Tell that the keyboard has come to the terminal of an agent, or has left it.

        Raises:
            AgentNotConnected: It is not there.
            DaemonUnavailable, NotAuthorized: It cannot be asked.
        """
        path = f"/api{messages_path(agent).removesuffix('messages')}focus"
        return self._ask("POST", path, {"focused": focused})

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        address, response, answer = self._address(), Response(), bytearray()
        try:
            with connected_socket(address) as connection:
                connection.settimeout(_ANSWER_S)
                connection.sendall(request(method, path, address.port, address.token, body))
                while not response.done:
                    data = connection.recv(_READ_BYTES)
                    answer += response.feed(data)
                    if not data:
                        response.end()
        except OSError as error:
            raise broken(error) from error
        if response.status != 200:
            raise refusal(response.status, bytes(answer))
        return _object(bytes(answer))


def connected_socket(address: Address) -> socket.socket:
    """A connection to the daemon's port.

    Raises:
        OSError: Nobody listens there.
    """
    return socket.create_connection(("127.0.0.1", address.port), _CONNECT_S)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(body)
    except ValueError as error:
        raise DaemonUnavailable(f"What listens there is not a Vox daemon: it sent no JSON ({error}).") from error
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
