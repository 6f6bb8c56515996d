"""A daemon with the engines that come with Vox, a language model's script behind it, and things to say to it."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.doors.realtime.sessions import AUDIO, clip
from tests.doors.realtime.sockets import dial
from tests.e2e.sdk.brain import brain
from tests.e2e.sdk.node import packages
from tests.e2e.sdk.place import Place
from tests.e2e.sdk.virtual import installed
from tests.llm_server import LlmServer
from vox.testing import running_daemon

STREAMING = Path(__file__).parents[2] / "runtime" / "streaming.py"
KEY = "a-token-of-some-length"


@pytest.fixture(scope="package")
def llm() -> Iterator[LlmServer]:
    with LlmServer(brain, first_token_s=0.03) as server:
        yield server


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory, llm: LlmServer) -> Iterator[Place]:
    """`narrow:asr` takes one call at a time and has no queue."""
    folder = tmp_path_factory.mktemp("sdk")
    (folder / "said.pcm").write_bytes(clip(end_s=2.9))
    (folder / "more.pcm").write_bytes(clip(start_s=8.0))
    shutil.copy(AUDIO / "jfk.wav", folder)
    spec = '{"models": [{"id": "narrow:asr"}], "maxConcurrency": 1, "features": ["cancel"]}'
    narrow = {"id": "narrow", "kind": "asr", "command": [sys.executable, str(STREAMING), spec], "queue": {"max": 0}}
    usual = [{"id": id, "kind": kind, "builtin": True} for id, kind in (("moonshine", "asr"), ("hibari", "tts"))]
    settings = {
        "authToken": KEY,
        "llm": {"baseUrl": llm.base_url, "model": "test-model"},
        "defaultAsr": "moonshine:tiny-en",
        "realtime": {"acknowledgement": {"enabled": False}, "requestsPerMinute": None},
    }
    with running_daemon(folder / "home", *usual, narrow, **settings) as client:
        port = client.status()["port"]
        with dial(port, key=KEY):  # begins with the models loaded
            yield Place(f"http://127.0.0.1:{port}/v1", KEY, secret(port), folder)


@pytest.fixture(scope="package")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An interpreter with the last 1.x of OpenAI's client."""
    with installed(tmp_path_factory.mktemp("old") / "venv", "openai[realtime]==1.109.1") as python:
        yield python


@pytest.fixture(scope="package")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where Node finds OpenAI's agents."""
    with packages(tmp_path_factory.mktemp("node"), "@openai/agents-realtime@^0.20", "zod@^4") as folder:
        yield folder


def secret(port: int) -> str:
    """One that expires as soon as can be, and opens conversations until then."""
    asked = {"expires_after": {"anchor": "created_at", "seconds": 10}, "session": {"type": "realtime"}}
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/realtime/client_secrets", json=asked, headers={"Authorization": f"Bearer {KEY}"}
    )
    value = answer.raise_for_status().json()["value"]
    with dial(port, key=value):
        return value
