"""What was said and spoken, kept only where the user wants it kept: one record per call in history.jsonl.

Off unless the setting `history` says otherwise, because a record holds the text. Records are collected on the event
loop and written by one task in a thread, so that a disk costs no call anything. Ids grow with time and are the cursor
of the pages: a page goes on where the last one ended, whatever was added or deleted in between.
"""

import math
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import time
from typing import Any, Literal, TypeVar

import anyio
import orjson

from vox.log import RotatingFile, get_logger
from vox.runtime.journal import Journal
from vox.runtime.requests import Caller
from vox.runtime.telemetry import outcome_of
from vox.types import Speech, Transcript

__all__ = ["MAX_PAGE", "Filter", "History", "Page"]

MAX_PAGE = 500
"""Records of one page at most."""

SCHEMA_VERSION = 1

_BATCH_S = 0.05  # records of one burst share a write; short enough that a reader of the file sees them at once
_MAX_WAITING_BYTES = 32 << 20  # what is kept while the disk does not take it; then the oldest goes
_MAX_PAGE_BYTES = 8 << 20  # of text in one page, which is one frame to the client
_MS_DIGITS = 12  # hexadecimal; enough until the year 10889

_Source = Literal["file", "live"]
_Result = TypeVar("_Result")

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records are meant: those that have all that is given."""

    kind: str | None = None
    """`transcription` or `synthesis`."""
    source: str | None = None
    client: str | None = None
    model: str | None = None
    session: str | None = None
    outcome: str | None = None
    query: str | None = None
    """Something within the text, whatever its case and accents."""

    def admits(self, record: dict[str, Any]) -> bool:
        """Whether a record is meant."""
        wanted = (
            ("kind", self.kind),
            ("source", self.source),
            ("clientId", self.client),
            ("modelId", self.model),
            ("sessionId", self.session),
            ("outcome", self.outcome),
        )
        if any(value is not None and record.get(name) != value for name, value in wanted):
            return False
        return self.query is None or _plain(self.query) in _plain(str(record.get("text") or ""))


@dataclass(frozen=True, slots=True)
class Page:
    """Records, the newest first, and where the next page begins."""

    records: list[dict[str, Any]]
    next_cursor: str | None
    """`before` of the next page; None when there are no more."""


class History:
    """The records of one home.

    Args:
        path: The file history.jsonl.
        enabled: Whether calls are recorded. What has been recorded can be read and deleted in any case.
    """

    def __init__(self, path: Path, *, enabled: bool) -> None:
        self.enabled = enabled
        self._path, self._file = path, RotatingFile(path)
        self._lines: list[bytes] = []
        self._bytes = 0
        self._news = anyio.Event()
        self._turn = anyio.Lock()
        self._last_ms: int | None = None
        self._same_ms = 0

    # ---- writing

    def transcribed(
        self, transcript: Transcript, caller: Caller, source: _Source = "file", session: str | None = None
    ) -> str | None:
        """Keep what was recognised. Returns the record's id; None when history is off."""
        if not self.enabled:
            return None
        words, elapsed_ms = transcript.words, transcript.elapsed_ms
        return self._keep(
            "transcription",
            caller,
            transcript.text,
            took_s=elapsed_ms / 1000
            + (transcript.duration_s if source == "live" else 0),  # a session lasts as it speaks
            elapsedMs=round(elapsed_ms),
            source=source,
            sessionId=session,
            modelId=transcript.model,
            words=None
            if words is None
            else [{"word": w.word, "start": w.start, "end": w.end, "confidence": w.confidence} for w in words],
            metrics={"traceId": transcript.trace_id, **transcript.metrics},
            outcome="ok",
        )

    def spoken(self, speech: Speech, text: str, caller: Caller, session: str | None = None) -> str | None:
        """Keep what was spoken; never the audio. Returns the record's id; None when history is off."""
        if not self.enabled:
            return None
        return self._keep(
            "synthesis",
            caller,
            text,
            took_s=speech.elapsed_ms / 1000,
            elapsedMs=round(speech.elapsed_ms),
            sessionId=session,
            modelId=speech.model,
            voiceId=speech.voice,
            metrics={"traceId": speech.trace_id, **speech.metrics},
            outcome="ok",
        )

    def failed(
        self,
        kind: Literal["transcription", "synthesis"],
        error: BaseException,
        caller: Caller,
        *,
        model: str | None = None,
        source: _Source | None = None,
        session: str | None = None,
    ) -> str | None:
        """Keep that a call failed or was given up; without text. Returns the record's id; None when history is off."""
        if not self.enabled:
            return None
        return self._keep(kind, caller, None, source=source, sessionId=session, modelId=model, **outcome_of(error))

    def _keep(self, kind: str, caller: Caller, text: str | None, *, took_s: float | None = None, **facts: Any) -> str:
        now = time()
        number = self._next_id(int(now * 1000))
        clean = None if text is None else text.encode("utf-8", "replace").decode("utf-8")
        record = {
            "schemaVersion": SCHEMA_VERSION,
            "id": number,
            "kind": kind,
            "route": caller.method,
            "clientId": caller.client,
            "text": clean,
            "textLength": len(clean or ""),
            "startedAt": None if took_s is None else _written(now - took_s),
            "completedAt": _written(now),
            **facts,
        }
        known = {name: value for name, value in record.items() if value is not None}
        self._add(orjson.dumps(known, option=orjson.OPT_APPEND_NEWLINE))
        return number

    def _next_id(self, now_ms: int) -> str:
        """Later than every id before it, in this file too, even where the clock was put back."""
        if self._last_ms is None:
            self._last_ms = self._newest_ms() + 1  # whatever the last of the run before was numbered within its own
        if now_ms > self._last_ms:
            self._last_ms, self._same_ms = now_ms, 0
        else:
            self._same_ms += 1
            if self._same_ms > 0xFFFF:
                self._last_ms, self._same_ms = self._last_ms + 1, 0
        return f"{self._last_ms:0{_MS_DIGITS}x}{self._same_ms:04x}{secrets.token_hex(4)}"

    def _newest_ms(self) -> int:
        try:
            record = next(Journal(self._path).newest_first(), None)
            return int(str((record or {}).get("id", "0"))[:_MS_DIGITS], 16)
        except (OSError, ValueError):
            return 0

    def _add(self, line: bytes) -> None:
        if not self._lines:
            self._news.set()
        self._lines.append(line)
        self._bytes += len(line)
        while self._bytes > _MAX_WAITING_BYTES and len(self._lines) > 1:
            self._bytes -= len(self._lines.pop(0))

    async def run(self) -> None:
        """Write until cancelled; what is left then is written at once."""
        try:
            while True:
                await self._news.wait()
                self._news = anyio.Event()
                await anyio.sleep(_BATCH_S)
                await self._in_turn(lambda: None)
        finally:
            self._write(self._take())

    # ---- reading and removing

    async def page(self, wanted: Filter, *, before: str | None = None, limit: int = 50) -> Page:
        """Records, the newest first.

        Args:
            before: A cursor, the id of a record or a point in time (ISO 8601): only what is older.
            limit: At most so many, 1 to `MAX_PAGE`. A page of very long texts has fewer.

        Raises:
            OSError: The file cannot be read.
        """
        return await self._in_turn(partial(_page, self._path, wanted, _cursor(before), limit))

    async def get(self, number: str) -> dict[str, Any] | None:
        """One record by its id.

        Raises:
            OSError: The file cannot be read.
        """
        records = partial(Journal(self._path).newest_first, number.encode("utf-8", "replace"))
        return await self._in_turn(lambda: next((one for one in records() if one.get("id") == number), None))

    async def delete(self, number: str) -> bool:
        """Remove one record. Returns whether there was one.

        Raises:
            OSError: The file cannot be replaced.
        """
        return bool(await self._in_turn(partial(Journal(self._path).remove, lambda one: one.get("id") == number)))

    async def clear(self, wanted: Filter) -> int:
        """Remove all records a filter admits; a filter without conditions removes the files. Returns how many.

        Raises:
            OSError: A file cannot be replaced.
        """
        journal = Journal(self._path)
        return await self._in_turn(journal.erase if wanted == Filter() else partial(journal.remove, wanted.admits))

    async def _in_turn(self, work: Callable[[], _Result]) -> _Result:
        """Do this in a thread after what waits has been written; one thing at a time, so that nothing is lost between
        reading a file and replacing it."""
        async with self._turn:
            lines = self._take()
            return await anyio.to_thread.run_sync(lambda: (self._write(lines), work())[1])

    def _take(self) -> list[bytes]:
        lines, self._lines, self._bytes = self._lines, [], 0
        return lines

    def _write(self, lines: list[bytes]) -> None:
        """A full disk costs the records, not the daemon."""
        if not lines:
            return
        try:
            self._file.append(b"".join(lines))
        except OSError as error:
            _log.warning("history.not_written", records=len(lines), error=str(error))


def _page(path: Path, wanted: Filter, before: str | None, limit: int) -> Page:
    found: list[dict[str, Any]] = []
    size = 0
    for record in Journal(path).newest_first():
        number = record.get("id")
        if not isinstance(number, str) or (before is not None and number >= before) or not wanted.admits(record):
            continue
        if len(found) == limit or size > _MAX_PAGE_BYTES:
            return Page(found, found[-1]["id"])
        found.append(record)
        size += len(orjson.dumps(record))
    return Page(found, None)


def _plain(text: str) -> str:
    """The text as a search sees it: without case, without accents."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def _cursor(before: str | None) -> str | None:
    """The id below which records are older than `before`."""
    if before is None or "-" not in before:
        return before
    try:
        moment = datetime.fromisoformat(before)
    except ValueError:
        return before
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{max(0, math.ceil(moment.timestamp() * 1000)):0{_MS_DIGITS}x}"


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
