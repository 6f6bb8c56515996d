"""One call after another on a channel: ids, events, errors, and what happens when the caller gives up."""

import contextlib
import json
import time
from collections.abc import Callable, Generator
from itertools import count
from typing import Any, cast

from vox.client.channel import Channel
from vox.errors import Cancelled, DaemonUnavailable, VoxError, by_code

__all__ = ["PROBE_S", "Connection", "OnEvent", "broken", "error_of", "read_frame"]

OnEvent = Callable[[str, dict[str, Any]], None]
"""Called with the name and the data of each event that belongs to the running call."""

PROBE_S = 20.0
"""Silence after which the daemon is asked whether it still lives. A transcription may take hours without a word, so a
call is not bounded by the clock but by that answer."""


class Connection:
    """Calls on one channel, one at a time.

    Args:
        channel: Open, and ours alone.
        probe_s: Seconds of silence after which the daemon is asked whether it still lives.
    """

    def __init__(self, channel: Channel, probe_s: float = PROBE_S) -> None:
        self._channel = channel
        self._numbers = count(1)
        self._probe_s = probe_s

    def call(
        self, method: str, params: dict[str, Any], on_event: OnEvent | None = None, timeout: float | None = None
    ) -> dict[str, Any]:
        """Make one call and wait for its answer.

        A caller that is interrupted (Ctrl-C, an exception in `on_event`) has the call cancelled; the connection is
        closed then, since a frame may have been left half sent or half read.

        Raises:
            DaemonUnavailable: The daemon is gone, or does not answer any more.
            Cancelled: `timeout` seconds have passed.
            VoxError: What the daemon answered.
        """
        events = self.follow(method, params, timeout)
        try:
            while True:
                event = next(events)
                if on_event is not None:
                    on_event(*event)
        except StopIteration as end:
            return end.value
        finally:
            events.close()

    def follow(
        self, method: str, params: dict[str, Any], timeout: float | None = None
    ) -> "Generator[tuple[str, dict[str, Any]], None, dict[str, Any]]":
        """Make one call and give its events as they come; the generator's value is the answer. One that is closed early
        is cancelled as in `call`.

        Raises:
            DaemonUnavailable, Cancelled, VoxError: As `call`.
        """
        number = next(self._numbers)
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            answer = yield from self._wait(number, deadline)
        except BaseException:
            self._give_up(number)
            raise
        if "error" in answer:
            raise error_of(answer["error"])
        return cast("dict[str, Any]", answer.get("result") or {})

    def pushed(self) -> "Generator[tuple[str, dict[str, Any]], None, dict[str, Any]]":
        """The events that belong to no call, as they come, without end. No call may be made meanwhile.

        Raises:
            DaemonUnavailable: The daemon is gone, or does not answer any more.
        """
        return self._wait(None, None)

    def usable(self) -> bool:
        """Whether another call may be made on it."""
        return self._channel.alive()

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def _wait(
        self, number: int | None, deadline: float | None
    ) -> "Generator[tuple[str, dict[str, Any]], None, dict[str, Any]]":
        probe: int | None = None
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise Cancelled("The daemon did not answer within the time given; the call was cancelled.")
            frame = self._receive(self._probe_s if left is None else min(left, self._probe_s))
            if frame is not None:
                probe = None
                message = read_frame(frame)
                if number is not None and message.get("id") == number and "method" not in message:
                    return message
                if (event := _event(message, number)) is not None:
                    yield event
            elif left is None or left > self._probe_s:
                if probe is not None:
                    raise DaemonUnavailable(
                        f"The daemon is connected but has not reacted for {2 * self._probe_s:g} s. "
                        "Look at its log, and end its process if it hangs."
                    )
                probe = next(self._numbers)
                self._send({"jsonrpc": "2.0", "id": probe, "method": "health", "params": {}})

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._channel.send(json.dumps(message, separators=(",", ":")).encode("ascii"))
        except OSError as error:
            raise broken(error) from error

    def _receive(self, silence_s: float) -> bytes | None:
        try:
            return self._channel.receive(silence_s)
        except OSError as error:
            raise broken(error) from error

    def _give_up(self, number: int) -> None:
        try:
            with contextlib.suppress(DaemonUnavailable):
                self._send({"jsonrpc": "2.0", "method": "$/cancel", "params": {"id": number}})
        finally:  # also where a second Ctrl-C comes
            self.close()


def broken(error: OSError) -> DaemonUnavailable:
    """What a caller is told whose connection broke."""
    return DaemonUnavailable(f"The connection to the Vox daemon broke: {error}. Try again; its log says why.")


def read_frame(frame: bytes) -> dict[str, Any]:
    """The message of a frame; empty for JSON that is no object.

    Raises:
        DaemonUnavailable: It is no JSON.
    """
    try:
        message: Any = json.loads(frame)
    except ValueError as error:
        raise DaemonUnavailable(f"What listens there is not a Vox daemon: it sent no JSON ({error}).") from error
    return cast("dict[str, Any]", message) if isinstance(message, dict) else {}


def _event(message: dict[str, Any], number: int | None) -> tuple[str, dict[str, Any]] | None:
    """Name and data of an event of that call, or with None of one that belongs to none."""
    params: Any = message.get("params")
    if message.get("method") != "event" or not isinstance(params, dict):
        return None
    event = cast("dict[str, Any]", params)
    return (str(event.get("event", "")), event.get("data") or {}) if event.get("id") == number else None


def error_of(body: Any) -> VoxError:
    """The exception the daemon raised, with its details, from the `error` of its answer."""
    if not isinstance(body, dict):
        return VoxError(str(body))
    told = cast("dict[str, Any]", body)
    data: Any = told.get("data")
    info = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    kind = by_code(str(info.get("code", "")))
    details = {name: value for name, value in info.items() if name not in _NOT_DETAILS}
    if info.get("retryable", kind.retryable) != kind.retryable:
        details["retryable"] = info["retryable"]  # a provider's own word on it
    return kind(str(told.get("message") or "The daemon reported an error without words."), **details)


_NOT_DETAILS = {"code", "message", "retryable", "self"}
