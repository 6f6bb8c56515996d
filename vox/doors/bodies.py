"""Reading the body of an HTTP request within bounds of size and time: JSON into memory, audio into the spool.

An upload never lies in memory as a whole, and its file never outlives its request, unless the request hands it on.
"""

import logging
import os
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anyio
import orjson
from anyio.to_thread import run_sync
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from vox.audio import spool as spool_folder
from vox.errors import AudioTooLarge, InvalidRequest, NoRoom, TextTooLong, UploadTimeout, VoxError

__all__ = ["Form", "Uploads", "content_type", "read_json"]

_MAX_JSON = 8 << 20  # bytes; the longest text to speak fits, however it is escaped
_MAX_PARTS = 128  # OpenAI's clients send each word of a vocabulary as a part of its own
_MAX_FIELD = 64 << 10  # bytes of a form's field that is no file
_IDLE_S = 30.0  # a client that sends nothing for so long is not sending any more
_BODY_S = 600.0
_QUOTA = 2 << 30  # bytes of all uploads on disk at once
_WRITE = 512 << 10  # bytes gathered before a thread is asked to write them
_FORM_OVERHEAD = 1 << 20  # what a form may weigh beside its audio

_FILES = ("audio", "file")

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # what is wrong with a form is told to who sent it


def content_type(request: Request) -> str:
    """The media type of the body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_json(request: Request) -> dict[str, Any]:
    """The object in the body; empty when there is no body.

    A page can send other types without asking its browser's leave first, so JSON must say that it is JSON.

    Raises:
        InvalidRequest: It is no JSON object, or not declared as JSON.
        TextTooLong: It is larger than any text that can be spoken.
        UploadTimeout: It comes too slowly.
    """
    body = bytearray()
    async with aclosing(_chunks(request)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > _MAX_JSON:
                raise TextTooLong(f"The body has more than {_MAX_JSON} bytes.")
    if not body:
        return {}
    if content_type(request) != "application/json":
        raise InvalidRequest("Send JSON with the header Content-Type: application/json.")
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidRequest("Invalid JSON") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return cast("dict[str, Any]", value)


@dataclass(slots=True)
class Form:
    """A multipart form as it came in."""

    fields: dict[str, str] = field(default_factory=dict[str, str])
    audio: Path | None = None
    """The file in the spool."""
    size: int = 0
    """Bytes of it."""
    repeated: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Every value of each field, in the order in which they came."""

    def many(self, name: str) -> list[str]:
        """The values of a field that may be sent more than once, as `name` or as `name[]`."""
        return [*self.repeated.get(name, ()), *self.repeated.get(f"{name}[]", ())]


class Uploads:
    """Takes forms with audio, and keeps their sum within the spool's quota.

    Args:
        max_bytes: The largest audio file taken, asked anew for each upload.
        unread: Fields that nobody looks at, which may be as long as they like: they are let go by.
    """

    def __init__(self, spool: Path, max_bytes: Callable[[], int], unread: Collection[str] = ()) -> None:
        self._spool, self._max_bytes, self._unread = spool, max_bytes, unread
        self.held = 0
        """Bytes of uploads on disk."""

    @asynccontextmanager
    async def receive(self, request: Request) -> AsyncGenerator[Form]:
        """Read a multipart form; its file is there until the context ends.

        Raises:
            InvalidRequest: It is no such form, or has too many or too large parts.
            AudioTooLarge: The file is over the cap.
            NoRoom: Other uploads fill the quota.
            UploadTimeout: It comes too slowly.
        """
        limit = self._max_bytes()
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit + _FORM_OVERHEAD:
            raise _too_large(limit)
        form = Form()
        parts = _Parts(form, limit, _boundary(request), self._unread)
        path = spool_folder.new_path(self._spool)
        try:
            await self._read(request, parts, path)
            yield form
        finally:
            path.unlink(missing_ok=True)
            self.held -= form.size

    async def _read(self, request: Request, parts: "_Parts", path: Path) -> None:
        descriptor = await run_sync(spool_folder.create, path)
        try:
            async with aclosing(_chunks(request)) as chunks:
                async for chunk in chunks:
                    self._count(parts, chunk)
                    if len(parts.pending) >= _WRITE:
                        await _write(descriptor, parts)
            parts.end()
            await _write(descriptor, parts)
        finally:
            os.close(descriptor)
        if parts.has_file:
            parts.form.audio = path

    def _count(self, parts: "_Parts", chunk: bytes) -> None:
        before = parts.form.size
        try:
            parts.feed(chunk)
        finally:
            self.held += parts.form.size - before
        if self.held > max(_QUOTA, self._max_bytes()):
            raise NoRoom("Other uploads fill the spool. Try again when they are done.", retryAfterMs=1000)


class _Parts:
    """The parts of a form, taken in as they come. At most one is a file."""

    def __init__(self, form: Form, limit: int, boundary: bytes, unread: Collection[str]) -> None:
        self.form, self._limit, self._unread = form, limit, unread
        self.pending = bytearray()
        self.has_file = False
        self._count, self._done = 0, False
        self._headers: dict[str, bytes] = {}
        self._header, self._value = bytearray(), bytearray()
        self._name, self._field = "", bytearray()
        self._is_file = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_end": self._finish,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """More of the body."""
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise InvalidRequest(f"The form is malformed: {error}") from None

    def end(self) -> None:
        """The body is over."""
        if not self._done:
            raise InvalidRequest("The form is cut off.")

    def _begin(self) -> None:
        self._count += 1
        if self._count > _MAX_PARTS:
            raise InvalidRequest(f"The form has more than {_MAX_PARTS} parts.")
        self._headers.clear()
        self._field.clear()

    def _header_end(self) -> None:
        self._headers[self._header.decode("latin-1").lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = self._name in _FILES
        if self._is_file and self.has_file:
            raise InvalidRequest("The form has more than one file; send one at a time.")
        if b"filename" in options and not self._is_file:
            raise InvalidRequest(f"Unknown file {self._name!r}; name the recording's part `audio` or `file`.")
        self.has_file = self.has_file or self._is_file

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file:
            if self._name in self._unread:
                return
            self._field += data[start:end]
            if len(self._field) > _MAX_FIELD:
                raise InvalidRequest(f"The field {self._name!r} has more than {_MAX_FIELD} bytes.")
            return
        if self.form.size + end - start > self._limit:
            raise _too_large(self._limit)
        self.form.size += end - start
        self.pending += data[start:end]

    def _end(self) -> None:
        if not self._is_file and self._name not in self._unread:
            value = self._field.decode("utf-8", "replace")
            self.form.fields[self._name] = value
            self.form.repeated.setdefault(self._name, []).append(value)

    def _finish(self) -> None:
        self._done = True


async def _chunks(request: Request) -> AsyncGenerator[bytes]:
    """The body as it comes, for as long as it comes fast enough."""
    deadline = anyio.current_time() + _BODY_S
    stream = request.stream()
    try:
        while True:
            with anyio.fail_after(min(_IDLE_S, max(0.0, deadline - anyio.current_time()))):
                chunk = await anext(stream, None)
            if chunk is None:
                return
            yield chunk
    except TimeoutError:
        raise UploadTimeout(
            f"The body came too slowly: Vox waits {_IDLE_S:g} s for more of it, and {_BODY_S:g} s for all."
        ) from None
    finally:
        await stream.aclose()


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidRequest("Send a form (multipart/form-data) with the recording in its part `audio` or `file`.")
    return boundary


async def _write(descriptor: int, parts: _Parts) -> None:
    data, parts.pending = bytes(parts.pending), bytearray()
    if not data:
        return
    try:
        await run_sync(_write_all, descriptor, data)
    except OSError as error:
        raise VoxError(f"The upload cannot be kept: {error.strerror}. Make room on the disk of the spool.") from error


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _too_large(limit: int) -> AudioTooLarge:
    return AudioTooLarge(f"The upload has more than the {limit} bytes allowed; split it.", maxBytes=limit)
