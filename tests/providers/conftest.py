"""Sounds, words and programs that the tests of the provider programs share."""

import csv
import json
import os
import re
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

RATE = 16000
AUDIO = Path(__file__).parents[2] / "docs" / "audio"


def plain(text: str) -> str:
    """Lower case without punctuation, titles spelt out: what two ways of writing the same words have in common."""
    words = re.sub(r"[^a-z' ]", " ", text.lower().replace("-", " ")).split()
    return " ".join({"mr": "mister", "mrs": "missus", "dr": "doctor"}.get(word, word) for word in words)


@pytest.fixture(scope="session")
def clips() -> dict[str, tuple[Path, str]]:
    """Name → (recording of real speech, what is said in it)."""
    with (AUDIO / "transcripts.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {Path(row["path"]).stem: (AUDIO / row["path"], row["transcript"]) for row in rows}


@pytest.fixture
def speech(clips: dict[str, tuple[Path, str]]) -> Callable[[str], np.ndarray]:
    """speech(name) → int16 samples of that clip."""

    def read(name: str) -> np.ndarray:
        with wave.open(str(clips[name][0])) as file:
            return np.frombuffer(file.readframes(file.getnframes()), "<i2")

    return read


@pytest.fixture
def wav(tmp_path: Path) -> Callable[..., str]:
    """wav(samples, rate=, channels=) → path of a 16-bit file that holds them; floats are taken as -1 to 1."""

    def write(samples: np.ndarray, rate: int = RATE, channels: int = 1) -> str:
        if samples.dtype != np.int16:
            samples = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((channels, 2, rate, 0, "NONE", ""))
            file.writeframes(samples.astype("<i2").tobytes())
        return str(path)

    return write


@pytest.fixture
def ask() -> Callable[..., list[dict[str, Any]]]:
    """ask(module, *requests, env=) → the lines a provider program answers before it exits by itself."""

    def run(module: str, *requests: dict[str, Any], env: dict[str, str] | None = None) -> list[dict[str, Any]]:
        lines = "".join(json.dumps({"jsonrpc": "2.0", **request}) + "\n" for request in requests)
        done = subprocess.run(
            [sys.executable, "-P", "-m", f"vox_providers.{module}"],
            input=lines,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            env={**os.environ, **(env or {})},
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run
