"""As much of HTTP/1.1 as asking our own daemon takes: no module of the standard library does it without doing the I/O,
too, and an agent waits for its stream together with a keyboard or an event loop."""

import json
from typing import Any

__all__ = ["BASE", "Response", "request"]

BASE = "/openvip"
"""Where the daemon's port has the door."""

_HEAD_BYTES = 64 << 10
_LINE_BYTES = 1 << 10  # of the length of a chunk


def request(method: str, path: str, port: int, token: str, body: "dict[str, Any] | None" = None) -> bytes:
    """The bytes of a request.

    Args:
        path: Below `BASE`, quoted.
        body: Sent as JSON; None for none.
    """
    lines = [
        f"{method} {BASE}{path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Authorization: Bearer {token}",
        "Accept: application/json, text/event-stream",
        "User-Agent: vox",
        "Connection: close",
    ]
    data = b"" if body is None else json.dumps(body).encode("ascii")
    if body is not None:
        lines.append("Content-Type: application/json")
    if method != "GET":
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + data


class Response:
    """What the daemon answers: fed with the bytes as they come, it gives those of the body."""

    def __init__(self) -> None:
        self.status = 0
        """Of HTTP; 0 before the head has come."""
        self.headers: dict[str, str] = {}
        """By name in lower case."""
        self.done = False
        """Whether the whole body has come."""
        self._left: int | None = None  # bytes of the body, or of its chunk; None until the connection ends
        self._chunked = False
        self._data = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Take what came; the bytes of the body that were in it.

        Raises:
            ConnectionError: This is no HTTP.
        """
        self._data += data
        if not self.status and not self._read_head():
            return b""
        return self._read_chunks() if self._chunked else self._take()

    def end(self) -> None:
        """The connection has ended.

        Raises:
            ConnectionError: Something was still to come.
        """
        if not self.status or self._chunked or self._left:
            raise ConnectionError("it closed the connection")
        self.done = True

    def _read_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            if len(self._data) > _HEAD_BYTES:
                raise ConnectionError("it sent no HTTP")
            return False
        first, *lines = self._data[:end].decode("latin-1").split("\r\n")
        del self._data[: end + 4]
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise ConnectionError("it sent no HTTP")
        for name, _, value in (line.partition(":") for line in lines):
            self.headers[name.lower()] = value.strip()
        self.status = int(rest[:3])
        self._chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        length = self.headers.get("content-length", "")
        self._left = 0 if self._chunked else int(length) if length.isdigit() else None
        return True

    def _take(self) -> bytes:
        """What there is of a body, or of a chunk of it, whose length is known or is told by its end."""
        size = len(self._data) if self._left is None else min(self._left, len(self._data))
        taken = bytes(self._data[:size])
        del self._data[:size]
        if self._left is not None:
            self._left -= size
            self.done = not self._left and not self._chunked
        return taken

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while not self.done:
            if not self._left and not self._read_length():
                break
            body += self._take()
            if self._left:
                break
        return bytes(body)

    def _read_length(self) -> bool:
        """Whether the length of the next chunk has come; the line end behind the chunk before it is passed over."""
        start = 2 if self._data.startswith(b"\r\n") else 0
        end = self._data.find(b"\r\n", start)
        if end < 0:
            if len(self._data) > _LINE_BYTES:
                raise ConnectionError("it sent no chunk")
            return False
        try:
            self._left = int(self._data[start:end].partition(b";")[0], 16)
        except ValueError:
            raise ConnectionError("it sent no chunk") from None
        del self._data[: end + 2]
        self.done = not self._left
        if self.done:
            self._chunked = False  # the whole body came
        return not self.done
