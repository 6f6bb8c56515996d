"""One real daemon for all tests of the bridge, and a small HTTP client."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.daemon.conftest import ASR, TTS, Daemon, daemon_in, scripted

PAGE = "https://page.example"
OTHER = "https://other.example"


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Bridge"]:
    root = tmp_path_factory.mktemp("b") / "home"
    with daemon_in(root) as daemon:
        daemon.configure(
            scripted("ear", {**ASR, "maxConcurrency": 4, "features": ["cancel"]}),
            scripted("mouth", {**TTS, "features": ["cancel"]}, kind="tts"),
            allowedOrigins=[PAGE, OTHER],
            maxAudioBytes=1 << 20,
        )
        daemon.start()
        yield Bridge(daemon)
        assert not list(daemon.home.spool.glob("*"))  # nothing of any upload is left
        assert daemon.end() == (0, "")
        assert "companion.failed" not in daemon.log()


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Bridge:
    """Asks the daemon over HTTP."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.port: int = daemon.facts()["port"]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request; a body that is no bytes goes as JSON. `origin="…"` becomes that header."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body, given = json.dumps(body).encode("utf-8"), {"Content-Type": "application/json", **given}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, given)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def post_form(self, path: str, audio: bytes | None, name: str = "audio", /, **fields: str) -> Answer:
        """A form as browsers send it; `origin` goes as a header."""
        origin = {"origin": fields.pop("origin")} if "origin" in fields else {}
        return self.ask("POST", path, form(audio, name, **fields), Content_Type=FORM, **origin)


BOUNDARY = "----vox-test"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def form(audio: bytes | None, name: str = "audio", /, **fields: str) -> bytes:
    """The body of a form."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    if audio is not None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.webm"\r\n'
        parts.append(head.encode() + b"Content-Type: audio/webm\r\n\r\n" + audio + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
