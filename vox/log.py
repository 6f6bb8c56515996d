"""Logs without secrets: event names with fields, one line each, in files that do not grow without end.

Secrets are removed twice: by the name of a field, and by value wherever a known key appears in text.
"""

import contextlib
import os
import re
import sys
from collections import deque
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import IO, Any

if "rich" in sys.modules:
    import structlog
else:
    # structlog loads rich, for a console renderer that is not used here, when it finds it: a tenth of a daemon's start.
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog
    finally:
        del sys.modules["rich"]

__all__ = ["REDACTED", "Redactor", "RotatingFile", "configure", "get_logger", "is_secret_name", "redactor"]

REDACTED = "[redacted]"
"""What stands in the place of a secret."""

_SECRET_NAME = re.compile(r"(api[_-]?key|token|secret|password|authorization|credential)", re.IGNORECASE)
_SECRET_SHAPE = re.compile(
    r"(Bearer\s+\S+|\bsk-[\w-]{8,}|\bek_[\w-]{20,}|\bnvapi-[\w-]{8,}|\bgsk_\w{8,}|\bAIza[\w-]{20,})"
)
_SHORTEST_SECRET = 6  # shorter values would blank out ordinary words
_LENT_KEPT = 64  # secrets of clients that are remembered after their call; every line is searched for each of them

get_logger = structlog.stdlib.get_logger


def is_secret_name(name: str) -> bool:
    """Whether what has that name is likely a secret."""
    return _SECRET_NAME.search(name) is not None


class Redactor:
    """Removes known secret values, and strings of the shape of one, from text."""

    def __init__(self) -> None:
        self._values: list[str] = []
        self._lent: deque[str] = deque(maxlen=_LENT_KEPT)

    def learn(self, environment: MutableMapping[str, str] | dict[str, str]) -> None:
        """Remember the values whose names say that they are secret."""
        for name, value in environment.items():
            if _SECRET_NAME.search(name):
                self.learn_value(value)

    def learn_value(self, value: str) -> None:
        """Remember one secret."""
        if len(value) >= _SHORTEST_SECRET and value not in self._values:
            self._values.append(value)
            self._values.sort(key=len, reverse=True)  # one that holds another goes first, and leaves no rest

    def lend(self, values: Iterable[str]) -> None:
        """Remember secrets that a client lent for a call, until many others have been lent since."""
        for value in values:
            if len(value) >= _SHORTEST_SECRET and value not in self._lent:
                self._lent.append(value)

    def text(self, text: str) -> str:
        """The text with every secret replaced."""
        for value in sorted((*self._values, *self._lent), key=len, reverse=True) if self._lent else self._values:
            text = text.replace(value, REDACTED)
        return _SECRET_SHAPE.sub(REDACTED, text)


redactor = Redactor()
"""The process's one redactor: the daemon teaches it every key it loads."""


class RotatingFile:
    """An append-only file, 0600, that moves aside to `.1`, `.2` … once it is over its size.

    Args:
        path: Where to write; the folder is made on the first write.
        max_bytes: Size at which the file moves aside.
        keep: How many old files stay.
    """

    def __init__(self, path: Path, *, max_bytes: int = 8 << 20, keep: int = 2) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._begun = False

    def append(self, data: bytes) -> None:
        """Write `data` at the end; opened and closed each time, so that an outside rotation is no trouble.

        Raises:
            OSError: The disk is full, or the folder cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a+b") as file:
            if not self._begun and _is_torn(file):
                data = b"\n" + data
            file.write(data)
            self._begun = True
            size = file.tell()
        if size > self._max_bytes:
            self._rotate()

    def _rotate(self) -> None:
        for number in range(self._keep, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            newer = self.path if number == 1 else self.path.with_name(f"{self.path.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)


def _is_torn(file: IO[bytes]) -> bool:
    """Whether a process that was killed left half a line at the end."""
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def configure(path: Path | None, *, console: bool) -> None:
    """Send events to `path` (the daemon's log) and, when `console` is set, to stderr."""
    file = RotatingFile(path) if path is not None else None

    def emit(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
        line = _render(event)
        with contextlib.suppress(OSError):  # a full disk or a closed terminal costs the line, not what it tells of
            if console:
                print(line, file=sys.stderr, flush=True)
        with contextlib.suppress(OSError):
            if file is not None:
                file.append(line.encode("utf-8", "replace") + b"\n")
        raise structlog.DropEvent

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            emit,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _render(event: MutableMapping[str, Any]) -> str:
    """`[time] LEVEL: name key=value …`, on one line, without secrets and control characters."""
    time, level, name = event.pop("timestamp", ""), str(event.pop("level", "info")).upper(), event.pop("event", "")
    fields = " ".join(f"{key}={_value(key, value)}" for key, value in event.items())
    line = redactor.text(f"[{time}] {level}: {name} {fields}".rstrip())
    return "".join(_printable(line))


def _value(key: str, value: Any) -> str:
    if _SECRET_NAME.search(key):
        return REDACTED
    text = str(value)
    return repr(text) if " " in text or "\n" in text else text


def _printable(line: str) -> Iterable[str]:
    return (character if character.isprintable() else repr(character)[1:-1] for character in line)
