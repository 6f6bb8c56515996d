"""A conversation with a provider: requests out, answers in by their ids, and a record of all that was out of order."""

import json
import queue
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast

from vox.provider.conformance.child import Child
from vox.provider.conformance.outcome import Failed

__all__ = ["Answer", "Disorder", "Ended", "Notice", "Session", "Silent", "brief", "encode"]

_SHOWN = 300  # characters of a line that are shown to people
_KEPT = 8  # lines of each direction that a failed check shows
_LOOK_S = 0.1  # how often it is looked whether a silent program is still there
_BASE64 = re.compile(r"[A-Za-z0-9+/]{120,}={0,2}")
_DIGITS = 20  # of an id; no suite sends that many requests, and Python refuses to read a few thousand
_LAST_LINES, _LAST_WORDS = 3, 300  # lines and characters of the diagnostics quoted when a program has died


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request.

    Attributes:
        seconds: From the request to the answer.
        order: Counts the lines of the conversation: which of two came first.
    """

    id: int
    result: Any
    error: Any
    seconds: float
    order: int

    @property
    def refused(self) -> bool:
        """Whether it is an error."""
        return self.error is not None

    @property
    def error_code(self) -> int | None:
        """The JSON-RPC code of an error that has one."""
        code: Any = cast("dict[str, Any]", self.error).get("code") if isinstance(self.error, dict) else None
        return code if isinstance(code, int) else None

    @property
    def error_name(self) -> str | None:
        """`data.code` of an error that has one."""
        data: Any = cast("dict[str, Any]", self.error).get("data") if isinstance(self.error, dict) else None
        name: Any = cast("dict[str, Any]", data).get("code") if isinstance(data, dict) else None
        return name if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification of the provider, and when it came."""

    method: str
    params: dict[str, Any]
    order: int


@dataclass(slots=True)
class Disorder:
    """What came that should not have come, by kind; the first few of each."""

    not_json: list[str] = field(default_factory=list[str])
    not_strict: list[str] = field(default_factory=list[str])
    no_ids: list[str] = field(default_factory=list[str])
    unknown_ids: list[str] = field(default_factory=list[str])
    twice: list[str] = field(default_factory=list[str])
    text_ids: list[str] = field(default_factory=list[str])
    no_version: list[str] = field(default_factory=list[str])
    bad_errors: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])


class Silent(Failed):
    """No answer within the time."""


class Ended(Failed):
    """The program ended, or closed its output, before it answered."""


class Session:
    """One start of the provider, from its first request to its end.

    Args:
        disorder: Where to write down what is out of order; shared by all sessions of a run.
    """

    def __init__(self, child: Child, disorder: Disorder) -> None:
        self.child = child
        self.notices: list[Notice] = []
        self.sent: deque[str] = deque(maxlen=_KEPT)
        self.received: deque[str] = deque(maxlen=_KEPT)
        self.on_notice: Callable[[Notice], None] = lambda notice: None
        """Told of each notification as it comes."""
        self._disorder = disorder
        self._began: dict[int, tuple[str, float]] = {}
        self._answers: dict[int, Answer] = {}
        self._order = 0

    @property
    def alive(self) -> bool:
        """Whether the program runs."""
        return self.child.process.poll() is None

    def request(self, method: str, params: dict[str, Any] | None = None) -> int:
        """Send a request as Vox writes it; its id. Without `params` the member is absent."""
        number = len(self._began) + 1
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
        if params is not None:
            message["params"] = params
        self._began[number] = (method, monotonic())
        self.send(encode(message))
        return number

    def expect(self, number: int, method: str) -> None:
        """Count answers with that id as asked for, although the request was sent by hand."""
        self._began[number] = (method, monotonic())

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification."""
        self.send(encode({"jsonrpc": "2.0", "method": method, "params": params}))

    def send(self, line: bytes) -> None:
        """Send a line as it is."""
        self.sent.append(brief(line))
        self.child.write(line + b"\n")

    def call(self, method: str, params: dict[str, Any], seconds: float) -> Answer:
        """A request and its answer.

        Raises:
            Silent: No answer in time.
            Ended: The program ended first.
        """
        return self.wait(self.request(method, params), seconds)

    def wait(self, number: int, seconds: float) -> Answer:
        """The answer to an earlier request, given that much time from now. Raises as `call`."""
        method, _ = self._began[number]
        if not self._read_until(lambda: number in self._answers, seconds):
            raise Silent(f"No answer to {method} (id {number}) within {seconds:g} s.", _ANSWER_ALL)
        if number not in self._answers:
            raise self._ended(method, number)
        return self._answers[number]

    def answered(self, number: int) -> Answer | None:
        """The answer, if it has come already."""
        return self._answers.get(number)

    def listen(self, seconds: float) -> None:
        """Take in what comes within that time, without waiting for anything in particular."""
        self._read_until(lambda: False, seconds)

    def last_words(self) -> str:
        """The last lines of the diagnostics, on one line."""
        lines = self.child.tail.decode("utf-8", "replace").split("\n")
        return " / ".join([line.strip() for line in lines if line.strip()][-_LAST_LINES:])[-_LAST_WORDS:]

    # ---- reading

    def _read_until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Read until `done`, or until the output ends; False when the time is over first."""
        end, gone = monotonic() + seconds, False
        while not done():
            try:
                line = self.child.read(min(end - monotonic(), _LOOK_S))
            except queue.Empty:
                if gone:  # exited, and nothing more came: the pipe is held open by a child of it
                    return True
                gone = not self.alive
                if not gone and monotonic() >= end:
                    return False
                continue
            if line is None:
                return True
            self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        self._order += 1
        if not line.strip():
            return
        self.received.append(brief(line))
        try:
            message = _parse(line, self._disorder)
        except RecursionError:
            return _note(self._disorder.not_json, b"nested too deeply to be read: " + line)
        except ValueError:
            return _note(self._disorder.not_json, line)
        for item in cast("list[Any]", message) if isinstance(message, list) and message else [message]:
            if isinstance(item, dict):
                self._interpret(cast("dict[str, Any]", item), line)
            else:
                _note(self._disorder.not_json, line)

    def _interpret(self, message: dict[str, Any], line: bytes) -> None:
        if message.get("jsonrpc") != "2.0":
            _note(self._disorder.no_version, line)
        if isinstance(message.get("method"), str):
            if message.get("id") is not None:
                _note(self._disorder.requests, line)
            params: Any = message.get("params")
            told = cast("dict[str, Any]", params) if isinstance(params, dict) else {}
            self.notices.append(Notice(message["method"], told, self._order))
            self.on_notice(self.notices[-1])
        else:
            self._answer(message, line)

    def _answer(self, message: dict[str, Any], line: bytes) -> None:
        number: Any = message.get("id")
        if isinstance(number, str) and len(number) < _DIGITS and number.isascii() and number.isdigit():
            _note(self._disorder.text_ids, line)
            number = int(number)
        if number is None:
            if message.get("error") is None:  # else it answers something that could not be read, as JSON-RPC has it
                _note(self._disorder.no_ids, line)
            return None
        if not isinstance(number, int) or isinstance(number, bool) or number not in self._began:
            return _note(self._disorder.unknown_ids, line)
        if number in self._answers:
            return _note(self._disorder.twice, line)
        error = message.get("error")
        if not _is_error(error) or (error is None and "result" not in message):
            _note(self._disorder.bad_errors, line)
        seconds = monotonic() - self._began[number][1]
        self._answers[number] = Answer(number, message.get("result"), error, seconds, self._order)

    def _ended(self, method: str, number: int) -> Ended:
        if self.child.overflow:
            return Ended(f"It wrote a line longer than Vox reads before it answered {method} (id {number}).", _LONG)
        status = self.child.exited_within(1.0)
        how = (
            "It closed its output"
            if status is None
            else f"It was ended by signal {-status}"
            if status < 0
            else f"It exited with status {status}"
        )
        words = self.last_words()
        told = f" Its last words: {words}" if words else " It wrote nothing to stderr."
        return Ended(f"{how} before it answered {method} (id {number}).{told}", _ANSWER_ALL)


_ANSWER_ALL = "Every request with an id gets exactly one answer, also when something fails: answer with an error then."
_LONG = "End each message with a newline, and keep it under 64 MiB."


def encode(message: dict[str, Any]) -> bytes:
    """A message as Vox writes it: compact, UTF-8."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def brief(line: bytes) -> str:
    """A line for people: base64 replaced by its length, the rest cut."""
    text = _BASE64.sub(lambda found: f"<{len(found[0])} characters of base64>", line.decode("utf-8", "replace"))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def _parse(line: bytes, disorder: Disorder) -> Any:
    strict = True

    def constant(_: str) -> None:
        nonlocal strict
        strict = False

    message = json.loads(line.decode("utf-8-sig"), parse_constant=constant)
    if not strict:
        _note(disorder.not_strict, line)
    return message


def _is_error(error: Any) -> bool:
    if not isinstance(error, dict):
        return error is None
    fields = cast("dict[str, Any]", error)
    return isinstance(fields.get("code"), int) and isinstance(fields.get("message"), str)


def _note(lines: list[str], line: bytes) -> None:
    if len(lines) < 3:
        lines.append(brief(line))
