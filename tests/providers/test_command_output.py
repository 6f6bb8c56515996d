"""Whatever a program writes, it is read or refused: no input breaks the reader."""

import io
import json
import struct
import wave
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vox.provider import ProviderError
from vox_providers._command_line import fill, read_setup
from vox_providers._command_output import read_transcript
from vox_providers._riff import read_pcm, read_wav

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "segments", "transcription", "words", "offsets", "start", "end", "from", "to"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


def is_transcript(result: dict[str, Any]) -> bool:
    spans = [*result.get("segments", []), *result.get("words", [])]
    return isinstance(result["text"], str) and all(0 <= span["start"] <= span["end"] for span in spans)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | st.text("0123456789:.,->[] \nab", max_size=80).map(str.encode) | JSON.map(json.dumps))
def test_any_output_is_read_or_refused(written: bytes | str) -> None:
    try:
        result = read_transcript(written.encode() if isinstance(written, str) else written)
    except ProviderError:
        return
    assert is_transcript(result)


def sound(frames: bytes = b"\1\0" * 100, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, 8000, 0, "NONE", ""))
        writer.writeframes(frames)
    return file.getvalue()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 244), st.integers(0, 60))
def test_any_file_is_sound_or_refused(noise: bytes, at: int, cut: int) -> None:
    whole = sound()
    broken = whole[:at] + noise + whole[at + cut :]
    try:
        mended = read_wav(broken, "it")
    except ProviderError:
        return
    assert int.from_bytes(mended[4:8], "little") == len(mended) - 8
    assert read_wav(mended, "it") == mended


@pytest.mark.parametrize("placeholder", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_sizes_of_a_pipe_are_put_right(placeholder: int) -> None:
    whole = sound()
    streamed = whole[:4] + struct.pack("<I", placeholder) + whole[8:40] + struct.pack("<I", placeholder) + whole[44:]
    assert read_wav(streamed + b"\7", "it") == whole
    assert read_pcm(streamed, "it") == (b"\1\0" * 100, 8000)


def test_sound_that_is_no_16_bit_mono_is_told_where_that_is_needed() -> None:
    with pytest.raises(ProviderError, match="2 channels of 16 bits"):
        read_pcm(sound(channels=2), "it")
    floats = sound().replace(b"\1\0\1\0", b"\3\0\1\0", 1)  # the form's number: 3 is IEEE float
    with pytest.raises(ProviderError, match="cannot be read"):
        read_pcm(floats, "it")


@given(st.text(), st.text(min_size=1))
def test_what_is_filled_in_is_never_read_again(text: str, other: str) -> None:
    filled = fill(["p", "{text}", "a{text}b", other.replace("{", "").replace("}", "")], {"text": text})
    assert filled[1] == (f" {text}" if text.startswith("-") else text)
    assert filled[2] == f"a{text}b"


@given(st.text(max_size=60) | JSON.map(json.dumps))
def test_any_setup_is_read_or_has_a_fault(text: str) -> None:
    setup = read_setup(text)
    assert setup.fault and setup.models
