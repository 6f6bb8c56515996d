"""Both directions of a provider's conversation in a file: for its author, and only when asked for with `VOX_TRACE=1`.

A trace stands between a process and its transport. Without one neither knows of it, and nothing is spent. With one,
every line is copied, so that the texts of clients come to lie in a file: known secrets are removed, audio is shortened
to its length, and the rest stays as it was said.
"""

import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from vox.host.transport import Receiver, Transport
from vox.log import RotatingFile, redactor
from vox.protocol.framing import LineTooLongError

__all__ = ["OpenChild", "Trace", "traced"]

OpenChild: TypeAlias = Callable[[Sequence[str], Mapping[str, str], Path, Receiver, int], Awaitable[Transport]]
"""What starts a child: arguments as of `open_transport`."""

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{120,}={0,2}")  # longer than any id or hash, shorter than a hundredth of a second


def traced(open_child: OpenChild, file: Path) -> OpenChild:
    """As `open_child`, but everything that is said goes into `file` as well."""

    async def open_traced(
        argv: Sequence[str], environment: Mapping[str, str], folder: Path, receiver: Receiver, max_line: int
    ) -> Transport:
        trace = Trace(file)
        transport = await open_child(argv, environment, folder, _TracedReceiver(receiver, trace), max_line)
        trace.pid = transport.process.pid
        trace.write({"event": "started", "command": [*argv]})
        return _TracedTransport(transport, trace)

    return open_traced


class Trace:
    """Writes what is said, one JSON object a line: `at`, `pid`, and `to` or `from` with the message.

    Args:
        file: Where to; 0600, moved aside at 8 MiB as logs are.
    """

    def __init__(self, file: Path) -> None:
        self._file = RotatingFile(file)
        self.pid = 0

    def line(self, direction: str, line: bytes | memoryview) -> None:
        """One line of the conversation; what is no JSON is kept as text."""
        short = _BASE64.sub(lambda found: b"<%d characters of base64>" % len(found[0]), bytes(line))
        text = redactor.text(short.decode("utf-8", "replace").rstrip("\r\n"))
        try:
            self.write({direction: orjson.loads(text)})
        except orjson.JSONDecodeError:
            self.write({direction: text})

    def write(self, fields: dict[str, Any]) -> None:
        """An object with the time in front. A full disk costs the line, not the call."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with contextlib.suppress(OSError):
            self._file.append(orjson.dumps({"at": at, "pid": self.pid, **fields}, option=orjson.OPT_APPEND_NEWLINE))


class _TracedTransport:
    def __init__(self, transport: Transport, trace: Trace) -> None:
        self._transport, self._trace = transport, trace
        self.process = transport.process
        self._open = True

    def write(self, line: bytes) -> bool:
        taken = self._transport.write(line)
        if taken:
            self._trace.line("to", line)
        else:
            self._trace.write({"event": "not taken"})
        return taken

    def close_input(self) -> None:
        if self._open:
            self._open = False
            self._trace.write({"event": "input closed"})
        self._transport.close_input()

    def close(self) -> None:
        self._transport.close()


class _TracedReceiver:
    def __init__(self, receiver: Receiver, trace: Trace) -> None:
        self._receiver, self._trace = receiver, trace

    def on_lines(self, lines: "list[bytes | memoryview]") -> None:
        for line in lines:
            self._trace.line("from", line)
        self._receiver.on_lines(lines)

    def on_stderr(self, data: bytes) -> None:
        self._receiver.on_stderr(data)

    def on_overflow(self, error: LineTooLongError) -> None:
        self._trace.write({"event": "line too long", "limit": error.limit})
        self._receiver.on_overflow(error)

    def on_refused(self) -> None:
        self._trace.write({"event": "input refused"})
        self._receiver.on_refused()

    def on_end(self) -> None:
        self._trace.write({"event": "output ended"})
        self._receiver.on_end()

    def on_exit(self, code: int) -> None:
        self._trace.write({"event": "exited", "code": code})
        self._receiver.on_exit(code)
