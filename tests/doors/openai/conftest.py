"""A real daemon with providers that do what a test says, and a small HTTP client."""

import http.client
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from vox.client.api import Client
from vox.testing import FakeProvider, running_daemon

STREAMING = Path(__file__).parents[2] / "runtime" / "streaming.py"
SCRIPTED = Path(__file__).parents[2] / "runtime" / "scripted.py"
AUDIO = Path(__file__).parents[3] / "docs" / "audio"

MAX_BYTES = 1 << 20


@pytest.fixture(scope="session")
def jfk() -> bytes:
    """Eleven seconds of real speech."""
    return (AUDIO / "jfk.wav").read_bytes()


@pytest.fixture(scope="session")
def clip() -> bytes:
    """Three seconds of real speech."""
    return (AUDIO / "librivox-0880.wav").read_bytes()


class Api:
    """The API of one daemon. `usual` recognises and speaks as a `FakeProvider`; `steps:asr` and `steps:tts` follow the
    steps in the prompt, the instructions or the input; `one:asr` takes one call at a time and has no queue."""

    def __init__(self, daemon: Client, usual: FakeProvider, folder: Path) -> None:
        self.daemon, self.usual, self.folder = daemon, usual, folder
        self.url = f"http://127.0.0.1:{daemon.call('health')['port']}"
        self.http = httpx.Client(base_url=self.url, timeout=20)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(method, path, **options)

    def transcribe(self, audio: bytes, path: str = "transcriptions", **fields: Any) -> httpx.Response:
        """A form as OpenAI's clients send it; a field with `__` at its end is sent with `[]`."""
        data = {name.replace("__", "[]"): value for name, value in fields.items()}
        return self.ask("POST", f"/v1/audio/{path}", data=data, files={"file": ("blob", audio)})

    def speak(self, input: Any = "hello", **fields: Any) -> httpx.Response:
        return self.ask("POST", "/v1/audio/speech", json={"input": input, **fields})

    def connect(self) -> http.client.HTTPConnection:
        """A connection that can be dropped in the middle of an answer."""
        return http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)

    def asked(self) -> dict[str, Any]:
        """What the usual provider was asked last."""
        return self.usual.calls[-1]["params"]

    def outcomes(self, route: str) -> list[str]:
        """How the calls of one route ended, by the history."""
        records = self.daemon.call("history.list", {"limit": 500})["records"]
        return [record["outcome"] for record in reversed(records) if record["route"] == route]


def entry(id: str, kind: str, program: Path, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": id, "kind": kind, "command": [sys.executable, str(program), json.dumps(spec)], **more}


@pytest.fixture(scope="package")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    for name in ("fake", "told"):
        (folder / name).mkdir()
    usual = FakeProvider(folder / "fake", "usual", voices=("anna", "bert", "carl"))
    features = {"features": ["cancel", "transcribe.partials", "synthesize.stream"], "maxConcurrency": 12}
    ears = [{"id": "steps:asr", "kind": "asr", "words": True, "features": ["translate"]}]
    mouths = [{"id": "steps:tts", "kind": "tts", "sampleRate": 24000}]
    one = {"models": [{"id": "one:asr"}], "maxConcurrency": 1}
    providers = [
        entry(
            "steps", "asr", STREAMING, {"models": ears, **features}, env={"TOLD": str(folder / "told" / "cancelled")}
        ),
        entry(
            "steps", "tts", STREAMING, {"models": mouths, **features}, env={"TOLD": str(folder / "told" / "silenced")}
        ),
        entry("one", "asr", STREAMING, {**one, "features": ["cancel"]}, queue={"max": 0}),
        entry("who", "asr", SCRIPTED, {"models": [{"id": "who:asr", "features": ["diarization"]}]}),
    ]
    settings = {
        "maxAudioBytes": MAX_BYTES,
        "history": True,
        "allowedOrigins": ["https://listed.example"],
        "openAi": {"models": {"my-ear": "steps:asr"}, "voices": {"boss": {"model": "usual:tts", "voice": "bert"}}},
    }
    with running_daemon(folder / "home", usual, *providers, **settings) as daemon:
        api = Api(daemon, usual, folder)
        with api.http:
            yield api
        assert not list(daemon.home.spool.glob("*"))  # nothing of any upload is left
        assert "openai.failed" not in daemon.home.daemon_log.read_text(encoding="utf-8")
