"""One end of a JSON-RPC conversation: who asked what, and what a received line means.

`Peer` gives out ids, matches answers to them, and turns every line into events. It holds no futures and no clock; the
owner keeps those. A line that means nothing is never fatal: it becomes `Noise`, counted by kind.

Large audio takes a short cut: the base64 of `audioBase64` is decoded straight out of the receive buffer and only the
bytes around it are parsed. Whenever the short cut could be wrong (the key is not the result's or the notification's
own, the text is not plain base64) the line goes through the full parser, so both roads give the same events.
"""

import re
from collections import Counter
from itertools import count
from typing import Any, NamedTuple, TypeAlias, cast

import pybase64

from vox.protocol.framing import LARGE_LINE
from vox.protocol.jsonrpc import ErrorObject, MalformedError, encode, parse, read_error

__all__ = ["Answer", "Asked", "Event", "Failed", "Noise", "Notice", "Peer", "Unusable"]

_AUDIO_KEY = re.compile(rb'"audioBase64"[ \t]*:[ \t]*"')
_STAND_IN = "\x00vox:audio"  # holds the place of the audio while the rest of the line is parsed
_TAIL = 64 << 10  # bytes at the end of a line among which the audio's closing quote is looked for
_BARE = frozenset(("jsonrpc", "id", "error"))
_SAMPLE = 200  # characters of a meaningless line kept for the log


class Answer(NamedTuple):
    """A result; `audio` is the decoded audio when the short cut took it out of the result."""

    id: int
    result: Any
    audio: bytes | None = None


class Failed(NamedTuple):
    """An error answer."""

    id: int
    error: ErrorObject


class Unusable(NamedTuple):
    """An answer whose content cannot be read, and why."""

    id: int
    why: str


class Notice(NamedTuple):
    """A notification from the other side; `audio` is the decoded audio when the short cut took it out of the params."""

    method: str
    params: dict[str, Any]
    audio: bytes | None = None


class Asked(NamedTuple):
    """A request from the other side; `id` is echoed as it came."""

    id: Any
    method: str
    params: dict[str, Any]


class Noise(NamedTuple):
    """A line or message that means nothing here: `kind` names why, `sample` shows its beginning."""

    kind: str
    sample: str


Event: TypeAlias = Answer | Failed | Unusable | Notice | Asked | Noise


class Peer:
    """Correlates requests and answers of one conversation."""

    __slots__ = ("_ids", "_pending", "noise")

    def __init__(self) -> None:
        self._ids = count(1)
        self._pending: set[int] = set()
        self.noise: Counter[str] = Counter()
        """How many lines or messages were skipped, by kind."""

    @property
    def pending(self) -> int:
        """Requests without an answer yet."""
        return len(self._pending)

    def request(self, method: str, params: dict[str, Any]) -> tuple[int, bytes]:
        """A new request: its id and its line."""
        number = next(self._ids)
        line = encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        self._pending.add(number)
        return number, line

    def forget(self, number: int) -> None:
        """A request that was not sent after all: nothing can be an answer to it."""
        self._pending.discard(number)

    def notify(self, method: str, params: dict[str, Any]) -> bytes:
        """The line of a notification."""
        return encode({"jsonrpc": "2.0", "method": method, "params": params})

    def answer(self, line: bytes | memoryview) -> tuple[int, Any] | None:
        """The id and the result of a plain answer, as nearly every line is, with nothing made around them; None for
        every other line, which is then for `receive`."""
        if len(line) > LARGE_LINE:
            return None
        try:
            message = parse(line)
        except MalformedError:
            return None
        if type(message) is not dict or len(message) != 3 or "result" not in message or "jsonrpc" not in message:
            return None
        number = message.get("id")
        if type(number) is not int or number not in self._pending:
            return None
        self._pending.remove(number)
        return number, message["result"]

    def receive(self, line: bytes | memoryview) -> tuple[Event, ...]:
        """What a line says. Batches are unpacked; an empty line says nothing."""
        if len(line) > LARGE_LINE:
            event = self._receive_audio(line)
            if event is not None:
                return (event,)
        try:
            message = parse(line)
        except MalformedError as error:
            number = _own_id(error.number)
            if number in self._pending:
                self._pending.discard(number)
                return (Unusable(number, str(error)),)
            return (self._skip("not_json", line),) if bytes(line[:_SAMPLE]).strip() else ()
        if isinstance(message, dict):
            return (self._interpret(cast("dict[str, Any]", message), line),)
        if isinstance(message, list) and message:
            return tuple(self._interpret_item(item, line) for item in cast("list[Any]", message))
        return (self._skip("not_an_object", line),)

    def _receive_audio(self, line: bytes | memoryview) -> Event | None:
        key = _AUDIO_KEY.search(line)
        if key is None or (key.start() and line[key.start() - 1] == 0x5C):  # an escaped quote: part of another string
            return None
        begin = key.end()
        end = _find_quote(line, begin)
        if end < 0:
            return None
        try:
            audio = pybase64.b64decode(line[begin:end], validate=True)
            # The escape keeps the stand-in valid JSON without a parser's help.
            message = parse(b"".join((line[:begin], b"\\u0000vox:audio", line[end:])))
        except ValueError:
            return None
        if not isinstance(message, dict):
            return None
        fields = cast("dict[str, Any]", message)
        holder: Any = fields.get("params" if "method" in fields else "result")
        if not isinstance(holder, dict) or cast("dict[str, Any]", holder).get("audioBase64") != _STAND_IN:
            return None
        del holder["audioBase64"]
        event = self._interpret(fields, line)
        if isinstance(event, Asked):  # it keeps its params as they came
            return None
        return event._replace(audio=audio) if isinstance(event, Answer | Notice) else event

    def _interpret_item(self, item: Any, line: bytes | memoryview) -> Event:
        if isinstance(item, dict):
            return self._interpret(cast("dict[str, Any]", item), line)
        return self._skip("not_an_object", line)

    def _interpret(self, message: dict[str, Any], line: bytes | memoryview) -> Event:
        method = message.get("method")
        if isinstance(method, str):
            params = message.get("params")
            named: dict[str, Any] = cast("dict[str, Any]", params) if isinstance(params, dict) else {}
            return Asked(message["id"], method, named) if message.get("id") is not None else Notice(method, named)
        number = _own_id(message.get("id"))
        if number not in self._pending:
            return self._skip("unknown_id", line)
        if message.get("error") is not None:
            self._pending.discard(number)
            return Failed(number, read_error(message["error"]))
        # A program that returns nothing writes an answer with nothing in it. Anything else is not meant as one.
        if "result" not in message and not message.keys() <= _BARE:
            return self._skip("no_result", line)
        self._pending.discard(number)
        return Answer(number, message.get("result"))

    def _skip(self, kind: str, line: bytes | memoryview) -> Noise:
        self.noise[kind] += 1
        return Noise(kind, bytes(line[:_SAMPLE]).decode("utf-8", "replace").strip())


def _own_id(value: Any) -> int:
    """An id as we gave it out; the string of the number is accepted, anything else is 0, which is never given out."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit():
        return int(value)
    return 0


def _find_quote(line: bytes | memoryview, begin: int) -> int:
    """Where the audio that begins at `begin` ends, to be proved by decoding it; -1 when there is no telling.

    Only the end of the line is searched: base64 holds no quote, a provider says little after its audio, and looking
    through all of it would take longer than decoding it.
    """
    start = max(begin, len(line) - _TAIL)
    found = bytes(line[start:]).find(b'"')
    return start + found if found >= 0 else -1
