"""What each call cost, told apart: waiting, the provider's work, and everything else.

One measurement per finished call, whatever its outcome, one line each in performance.jsonl. Never text, never audio.
Rows are collected and written by one task, so that a disk costs no call anything.
"""

from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter_ns, time
from typing import Any, Protocol

import anyio
import orjson

from vox.errors import Cancelled, SessionCancelled, VoxError
from vox.log import RotatingFile, get_logger, redactor

__all__ = ["Recorder", "Rows", "Stopwatch", "outcome_of"]

_BATCH_S = 0.05  # rows of one burst share a write; short enough that a reader sees them at once
_MAX_WAITING = 10_000  # rows kept while the disk does not take them; then the oldest go
_LONGEST_ERROR = 300  # characters of a failure's sentence

_log = get_logger()


class Stopwatch:
    """Times of one call: nanoseconds of `time.perf_counter_ns`, added up by whoever does a stage's work.

    Plain numbers, because this is on the path of every call.
    """

    __slots__ = ("_begin", "prepare", "provider", "queue", "start")

    def __init__(self) -> None:
        self._begin = perf_counter_ns()
        self.prepare = self.start = self.queue = self.provider = 0

    @property
    def total_ms(self) -> float:
        """Milliseconds since the beginning, to the microsecond."""
        return (perf_counter_ns() - self._begin) // 1000 / 1000

    def times(self) -> dict[str, float]:
        """Waiting, work, starting and the rest of Vox, told apart, in milliseconds: the four sum up to the total. Whole
        microseconds, so that nothing needs rounding."""
        total, queue = (perf_counter_ns() - self._begin) // 1000, self.queue // 1000
        provider, start = self.provider // 1000, self.start // 1000
        return {
            "queueMs": queue / 1000,
            "providerMs": provider / 1000,
            "prepareMs": self.prepare // 1000 / 1000,
            "startMs": start / 1000,
            "overheadMs": (total - queue - provider - start) / 1000,
            "totalMs": total / 1000,
        }


class Rows(Protocol):
    """Takes measurements."""

    def record(self, row: dict[str, Any], /) -> None:
        """Take one."""
        ...


class Recorder:
    """Collects measurements and writes them.

    Args:
        path: The file performance.jsonl.
    """

    def __init__(self, path: Path) -> None:
        self._file = RotatingFile(path)
        self._lines: list[bytes] = []
        self._news = anyio.Event()
        self._second, self._written = 0, ""

    def record(self, row: dict[str, Any]) -> None:
        """Add a measurement; `timestamp` is set here."""
        now = time()
        if not self._second <= now < self._second + 1:  # writing a date out costs more than the rest of the row
            self._second = int(now)
            self._written = datetime.fromtimestamp(self._second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        row["timestamp"] = self._written
        if len(self._lines) >= _MAX_WAITING:
            del self._lines[0]
        elif not self._lines:
            self._news.set()
        # Bytes at once: a thousand rows kept as objects cost several times as much when their turn comes.
        self._lines.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    async def run(self) -> None:
        """Write until cancelled; what is left then is written at once."""
        try:
            while True:
                await self._news.wait()
                self._news = anyio.Event()
                await anyio.sleep(_BATCH_S)
                self.flush()
        finally:
            self.flush()

    def flush(self) -> None:
        """Write what is there. A full disk costs the rows, not the daemon."""
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            self._file.append(b"".join(lines))
        except OSError as error:
            _log.warning("telemetry.not_written", rows=len(lines), error=str(error))


def outcome_of(error: BaseException | None) -> dict[str, Any]:
    """The fields that tell how a call ended: `outcome`, and for a failure `code` and `error`."""
    if error is None:
        return {"outcome": "ok"}
    if isinstance(error, SessionCancelled):
        return {"outcome": "cancelled", "code": error.code}
    if isinstance(error, Cancelled) or not isinstance(error, Exception):
        return {"outcome": "cancelled", "code": Cancelled.code}
    code = error.code if isinstance(error, VoxError) else VoxError.code
    return {"outcome": "error", "code": code, "error": redactor.text(_own_words(error))[:_LONGEST_ERROR]}


def _own_words(error: Exception) -> str:
    """What Vox says of the failure. A provider's words may quote the text it was given, so they are left out here; the
    caller got them."""
    facts = error.details if isinstance(error, VoxError) else {}
    if "providerCode" in facts:
        return f"Provider {facts.get('provider')} answered with an error (code {facts['providerCode']})."
    if "provider" in facts:  # the first sentence is ours, what follows may be the process's last words
        return str(error).partition(". ")[0].rstrip(".") + "."
    return str(error)
