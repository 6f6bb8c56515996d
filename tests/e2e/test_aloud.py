"""`vox speak` on a real sound server: what comes out of the loudspeaker is what was asked for, until it is stopped."""

import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import jiwer
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e.conftest import StartDaemon
from tests.e2e.test_speech import SENTENCES, plain
from tests.pulse import SoundServer
from vox.client import Client

RATE = 16_000
AUDIBLE = 300  # of 32 767; the null sink adds no noise of its own

Speak = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def vox(start_daemon: StartDaemon) -> Client:
    return start_daemon()


@pytest.fixture
def speak(vox: Client, sound_server: SoundServer) -> Speak:
    """`vox speak …` with that loudspeaker, started."""
    environment = {**os.environ, "VOX_HOME": str(vox.home.root), **sound_server.environment}

    def start(*words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "vox", "speak", "--no-start", *words],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    return start


def heard(vox: Client, path: Path, samples: NDArray[np.int16]) -> str:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return plain(vox.transcribe(path).text)


def longest_pause(samples: NDArray[np.int16]) -> float:
    """Seconds of silence between two sounds."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE)
    return float(np.max(np.diff(loud), initial=0)) / RATE


@pytest.mark.heavy
def test_what_is_spoken_is_heard(vox: Client, sound_server: SoundServer, speak: Speak, tmp_path: Path) -> None:
    text = " ".join(SENTENCES[:2])
    with sound_server.recording(rate=RATE) as recording:
        _, told = speak(text).communicate(timeout=60)
    assert told.startswith("played: ")
    assert jiwer.wer(plain(text), heard(vox, tmp_path / "a.wav", recording.samples())) <= 0.15


@pytest.mark.heavy
def test_lines_follow_each_other_without_a_pause(
    vox: Client, sound_server: SoundServer, speak: Speak, tmp_path: Path
) -> None:
    lines = SENTENCES[3:6]
    with sound_server.recording(rate=RATE) as recording:
        _, told = speak("--lines").communicate("\n\n".join(lines) + "\n...\n", timeout=60)
    assert "not spoken: " in told and "played: " in told
    samples = recording.samples()
    assert jiwer.wer(plain(" ".join(lines)), heard(vox, tmp_path / "a.wav", samples)) <= 0.15
    assert longest_pause(samples) < 1.0


def test_the_program_of_the_guide_is_heard(vox: Client, sound_server: SoundServer, tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "guide" / "speech.md"
    program = (
        page.read_text(encoding="utf-8").partition("<!-- test: loudspeaker -->\n```python\n")[2].partition("```")[0]
    )
    environment = {**os.environ, "VOX_HOME": str(vox.home.root), **sound_server.environment}
    with sound_server.recording(rate=RATE) as recording:
        subprocess.run([sys.executable, "-P", "-c", program], env=environment, check=True, timeout=60)
    assert heard(vox, tmp_path / "a.wav", recording.samples()) == "one sentence and another one"


def test_an_interruption_silences_it_at_once(vox: Client, sound_server: SoundServer, speak: Speak) -> None:
    with sound_server.recording(rate=RATE) as recording, speak(" ".join(SENTENCES)) as process:
        while not np.any(np.abs(recording.samples().astype(np.int32)) > AUDIBLE):
            recording.wait(0.05)
        recording.wait(1.0)
        before = len(recording.samples())
        process.send_signal(signal.SIGINT)
        assert process.wait(10) != 0
        recording.wait(1.5)
        after = recording.samples()[before:]
    last = np.flatnonzero(np.abs(after.astype(np.int32)) > AUDIBLE)
    assert len(last) == 0 or last[-1] / RATE < 0.6
    deadline = time.monotonic() + 10
    while any(provider["inUse"] for provider in vox.status()["providers"]):
        assert time.monotonic() < deadline, "the synthesis was not cancelled"
