"""The events of a streamed answer, out of the bytes as they come.

Servers in the field take liberties with the format (https://html.spec.whatwg.org/multipage/server-sent-events.html): no
blank after `data:`, no empty line between events, JSON over several `data:` lines, comments. All of these are read.
"""

import re
from collections.abc import Iterator

import orjson

__all__ = ["DONE", "MAX_EVENT_BYTES", "EventTooLong", "Events", "Whole"]

DONE = b"[DONE]"
"""The payload that says that nothing more comes."""

MAX_EVENT_BYTES = 4 << 20
"""More than any piece of an answer needs: a whole answer in one event fits."""

_MAX_SPREAD_BYTES = 64 << 10  # of JSON over several lines, which is looked at anew with each

_LINE_END = re.compile(rb"\r\n|\n|\r")


class EventTooLong(ValueError):
    """An event goes on without end."""


class Events:
    """Payloads out of pieces of any size."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The payloads that are whole now: JSON texts, `DONE`, and what is neither.

        Raises:
            EventTooLong: What began goes on and on.
        """
        self._rest += data
        while (end := _LINE_END.search(self._rest)) is not None:
            if end.group() == b"\r" and end.end() == len(self._rest):
                break  # its line feed may be on the way
            line = bytes(self._rest[: end.start()])
            del self._rest[: end.end()]
            yield from self._line(line)
        if len(self._rest) + len(self._pending) > MAX_EVENT_BYTES:
            raise EventTooLong(f"an event of the answer is longer than {MAX_EVENT_BYTES} bytes")

    def end(self) -> Iterator[bytes]:
        """What is left when the stream ends without a last line end."""
        line, self._rest = bytes(self._rest).rstrip(b"\r"), bytearray()
        yield from self._line(line)
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[bytes]:
        if not line:
            if self._pending:
                yield self._take()
        elif line.startswith(b"data:"):
            if len(self._pending) > _MAX_SPREAD_BYTES:
                raise EventTooLong(f"an event of the answer goes on beyond {_MAX_SPREAD_BYTES} bytes")
            if self._pending:
                self._pending += b"\n"
            self._pending += line[5:].strip()
            if _is_whole(self._pending):
                yield self._take()

    def _take(self) -> bytes:
        taken = bytes(self._pending)
        self._pending.clear()
        return taken


class Whole:
    """The body of a server that does not stream: one payload, at its end."""

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Nothing yet.

        Raises:
            EventTooLong: The body is longer than `MAX_EVENT_BYTES`.
        """
        self._body += data
        if len(self._body) > MAX_EVENT_BYTES:
            raise EventTooLong(f"the answer is longer than {MAX_EVENT_BYTES} bytes")
        return iter(())

    def end(self) -> Iterator[bytes]:
        """The body."""
        if self._body:
            yield bytes(self._body)


def _is_whole(payload: bytes | bytearray) -> bool:
    if payload == DONE:
        return True
    try:
        orjson.loads(payload)
    except ValueError:
        return False
    return True
