"""What a request may hold, and what of it reaches a provider."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.errors import InvalidRequest
from vox.runtime.requests import MAX_TEXT, Caller, SynthesizeRequest, TranscribeRequest


@pytest.mark.parametrize("text", ["", " ", "\n\t\r", "\x00", "\x00 \x00", "\u2003"])
def test_nothing_to_say_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="no text"):
        SynthesizeRequest(text).speakable()


@pytest.mark.parametrize("text", ["a" * 100_000, "a" * MAX_TEXT, "🙂", ".", "  padded  "])
def test_ordinary_and_long_texts_stay_as_they_are(text: str) -> None:
    assert SynthesizeRequest(text).speakable() == text


def test_too_much_is_refused_with_the_numbers() -> None:
    with pytest.raises(InvalidRequest, match=f"{MAX_TEXT + 1} characters; at most {MAX_TEXT}"):
        SynthesizeRequest("a" * (MAX_TEXT + 1)).speakable()


def test_nul_goes_and_half_characters_become_a_mark() -> None:
    assert SynthesizeRequest("a\x00b\ud800c").speakable() == "ab?c"


@given(st.text(st.characters(), min_size=1, max_size=200))
def test_what_is_spoken_is_always_valid_text(text: str) -> None:
    try:
        spoken = SynthesizeRequest(text).speakable()
    except InvalidRequest:
        assert not text.replace("\x00", "").strip()
    else:
        assert spoken.encode("utf-8") and "\x00" not in spoken and spoken.strip()


def test_only_what_was_given_travels() -> None:
    assert TranscribeRequest(Path("x")).params("m", Path("/a.wav")) == {"modelId": "m", "path": "/a.wav"}
    assert SynthesizeRequest("x").params("m", "hi", None) == {"modelId": "m", "input": "hi", "format": "wav"}


def test_everything_given_travels() -> None:
    request = TranscribeRequest(
        b"", language="de", prompt="p", hotwords=("a",), words=False, temperature=0.0, task="translate"
    )
    assert request.params("m", Path("/a.wav")) == {
        "modelId": "m", "path": "/a.wav", "language": "de", "prompt": "p", "hotwords": ["a"], "words": False,
        "temperature": 0.0, "task": "translate",
    }  # fmt: skip
    speech = SynthesizeRequest("x", format="mp3", speed=1.5, instructions="i", language="de")
    assert speech.params("m", "hi", "v") == {
        "modelId": "m", "input": "hi", "format": "wav", "voiceId": "v", "speed": 1.5, "instructions": "i",
        "language": "de",
    }  # fmt: skip


def test_nobody_in_particular_asks_by_default() -> None:
    assert Caller() == Caller("unknown", "")
