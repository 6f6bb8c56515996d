"""The length of a WAV from its header."""

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.provider.wav import duration_ms


def _wav(frames: int, channels: int, width: int, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(bytes(frames * channels * width))
    return file.getvalue()


@given(st.integers(0, 5000), st.integers(1, 8), st.integers(1, 4), st.sampled_from([8000, 16_000, 44_100]))
def test_the_length_of_any_wav(frames: int, channels: int, width: int, rate: int) -> None:
    data = _wav(frames, channels, width, rate)
    assert duration_ms(data[:4096], len(data)) == pytest.approx(frames / rate * 1000)


def test_a_placeholder_size_means_until_the_end() -> None:
    data = bytearray(_wav(1600, 1, 2, 16_000))
    data[40:44] = b"\xff\xff\xff\xff"
    assert duration_ms(bytes(data), len(data)) == pytest.approx(100)


def test_chunks_before_the_data_are_stepped_over() -> None:
    data = _wav(1600, 1, 2, 16_000)
    longer = data[:36] + b"LIST\x03\x00\x00\x00abc\x00" + data[36:]
    assert duration_ms(longer, len(longer)) == pytest.approx(100)


@given(st.binary(max_size=100))
def test_what_is_no_wav_has_no_length(data: bytes) -> None:
    assert duration_ms(data, len(data)) is None
    head = b"RIFF\0\0\0\0WAVE"
    assert duration_ms(head + data, len(head + data)) is None or b"data" in data
