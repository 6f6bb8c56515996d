"""Sounds and files that the audio tests share."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

CLIPS = Path(__file__).parents[2] / "docs" / "audio"


@pytest.fixture
def jfk() -> Path:
    """Eleven seconds of real speech, 16 kHz mono."""
    return CLIPS / "jfk.wav"


@pytest.fixture
def short_clip() -> Path:
    """Three seconds of real speech, 16 kHz mono."""
    return CLIPS / "librivox-0880.wav"


@pytest.fixture
def tone() -> Callable[..., np.ndarray]:
    """tone(rate, seconds, hz) → float32 [n] at half of full scale."""

    def make(rate: int, seconds: float = 1.0, hz: float = 440.0) -> np.ndarray:
        return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)

    return make


@pytest.fixture
def sound_bytes() -> Callable[..., bytes]:
    """sound_bytes(samples, rate, format, subtype) → a file as libsndfile writes it."""

    def make(samples: np.ndarray, rate: int, format: str = "WAV", subtype: str | None = None) -> bytes:
        out = io.BytesIO()
        soundfile.write(out, samples, rate, format=format, subtype=subtype)
        return out.getvalue()

    return make


@pytest.fixture
def wav_head() -> Callable[..., bytes]:
    """wav_head(data=…, riff=…, …) → the 44 bytes of a WAV header with any lie in it."""

    def make(*, data: int, riff: int | None = None, tag=1, channels=1, rate=16_000, bits=16) -> bytes:
        block = channels * bits // 8
        fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
        size = 36 + data if riff is None else riff
        return b"RIFF" + struct.pack("<I", size) + b"WAVEfmt \x10\0\0\0" + fmt + b"data" + struct.pack("<I", data)

    return make
