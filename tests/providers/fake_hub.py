"""A hub on 127.0.0.1 that answers as the Hugging Face hub documents, and fails in the ways it is told to."""

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000
"""From this size on a file lies in the storage, behind a redirect, as LFS files do."""

Fault = Callable[["Handler", bytes], None]
"""Answers a request for a file's content in place of the hub."""


@dataclass
class FakeHub:
    """Serves `repositories`; use it in a `with` block.

    Attributes:
        repositories: Repository → path → content.
        faults: Each answers one request for a file's content, in turn.
        forever: Answers every request for content when there are no faults left.
        listing: Answers requests for a listing in place of the hub.
        requests: What came: path and headers.
        token: Required of whoever asks the hub (not its storage).
        digests: Whether the listing tells them.
    """

    repositories: dict[str, dict[str, bytes]]
    faults: list[Fault] = field(default_factory=list)
    forever: Fault | None = None
    listing: Fault | None = None
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    token: str | None = None
    digests: bool = True

    def __enter__(self) -> "FakeHub":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": self}))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.storage = f"http://localhost:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def ranges(self) -> list[str]:
        """The Range headers of requests to the storage."""
        return [headers.get("Range", "") for path, headers in self.requests if path.startswith("/storage/")]

    def fetched(self) -> list[str]:
        """The paths of the files that were asked for."""
        return [path.split(f"/{COMMIT}/")[1] for path, _ in self.requests if "/resolve/" in path]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.hub.requests.append((path, dict(self.headers.items())))
        self.close_connection = True
        if path.startswith("/storage/"):
            return self._content(self._stored(path.removeprefix("/storage/")))
        if self.hub.token and self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            return self.reply(401, b"{}", {"X-Error-Message": "Invalid credentials"})
        if match := re.fullmatch(r"/api/models/(.+)", path):
            return self._list(match[1])
        match = re.fullmatch(f"/(.+)/resolve/{COMMIT}/(.+)", path)
        content = self.hub.repositories.get(match[1], {}).get(match[2]) if match else None
        if content is None:
            return self.reply(404, b"Entry not found")
        if len(content) < LARGE:
            return self._content(content, {"ETag": f'"{_blob_id(content)}"'})
        digest = hashlib.sha256(content).hexdigest()
        linked = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{digest}"', "X-Repo-Commit": COMMIT}
        self.reply(302, b"", {"Location": f"{self.hub.storage}/storage/{digest}", **linked})

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def ranged(self, content: bytes, headers: dict[str, str] | None = None) -> None:
        """Send the part that was asked for, as a storage host does."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        headers = {"Accept-Ranges": "bytes", "ETag": '"storage-tag"', **(headers or {})}
        if not match:
            return self.reply(200, content, headers)
        start = int(match[1])
        if start >= len(content):
            return self.reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        shown = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self.reply(206, content[start:], {**headers, "Content-Range": shown})

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def _content(self, content: bytes, headers: dict[str, str] | None = None) -> None:
        fault = self.hub.faults.pop(0) if self.hub.faults else self.hub.forever
        if fault:
            return fault(self, content)
        return self.ranged(content, headers)

    def _stored(self, digest: str) -> bytes:
        contents = (content for files in self.hub.repositories.values() for content in files.values())
        return next(content for content in contents if hashlib.sha256(content).hexdigest() == digest)

    def _list(self, repo: str) -> None:
        if self.hub.listing:
            return self.hub.listing(self, b"")
        files = self.hub.repositories.get(repo)
        if files is None:
            return self.reply(404, b'{"error":"Repository not found"}')
        siblings = [_sibling(path, content, self.hub.digests) for path, content in files.items()]
        return self.reply(200, json.dumps({"id": repo, "sha": COMMIT, "siblings": siblings}).encode())


def status(code: int, **headers: str) -> Fault:
    """Answers with this status; `retry_after="5"` becomes a header."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return lambda handler, content: handler.reply(code, b"no", named)


def truncated(after: int) -> Fault:
    """Promises everything, and closes the connection after so many bytes of the rest."""

    def answer(handler: Handler, content: bytes) -> None:
        start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        headers = {"Content-Length": str(len(content) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        handler.reply(206 if start else 200, content[start : start + after], headers)

    return answer


def stalled(after: int, until: threading.Event) -> Fault:
    """Sends so many bytes, then nothing more, and keeps the connection until the event."""

    def answer(handler: Handler, content: bytes) -> None:
        truncated(after)(handler, content)
        handler.wfile.flush()
        until.wait(60)

    return answer


def corrupted(handler: Handler, content: bytes) -> None:
    """Sends content with one byte changed."""
    handler.ranged(bytes([content[0] ^ 1]) + content[1:])


def whole(handler: Handler, content: bytes) -> None:
    """Sends everything, whatever part was asked for."""
    handler.reply(200, content)


def _sibling(path: str, content: bytes, digests: bool) -> dict[str, object]:
    entry: dict[str, object] = {"rfilename": path, "size": len(content)}
    if not digests:
        return entry
    entry["blobId"] = _blob_id(content)
    if len(content) >= LARGE:
        entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return entry


def _blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
