"""Groq, against a server on this machine that answers as the API reference says."""

import asyncio
import threading
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse

from tests.providers.vendors import groq as api
from tests.providers.vendors.remote import SPEAKS, TEXT, failed, lead, say, wave_of
from tests.providers.vendors.server import Vendor, answer, refuse
from tests.providers.vendors.sounds import CLIP, clip_pcm, clip_wav, endless
from vox.provider import Call
from vox_providers import groq as program

ENGLISH, ARABIC = program.SPEAKERS
TURBO, LARGE = program.LISTENERS


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    with Vendor(api.app) as vendor:
        yield vendor


@pytest.fixture
def vendor(running: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    return lead(SPEAKS[1], running, monkeypatch)


def hear(model: str = TURBO, path: str | Path = CLIP, **params: object) -> dict[str, Any]:
    return program.transcribe(Call("transcribe", {"modelId": model, "path": str(path), **params}))


def test_the_request_to_speak_is_what_the_reference_says(vendor: Vendor) -> None:
    result, audio = say(program, model=ENGLISH, voiceId="Troy", speed=1.25)
    (seen,) = vendor.seen
    assert (seen.method, seen.path) == ("POST", "/openai/v1/audio/speech")
    assert seen.headers["authorization"] == f"Bearer {api.KEY}"
    asked = {"model": ENGLISH, "voice": "troy", "input": TEXT, "response_format": "wav", "speed": 1.25}
    assert seen.json() == asked
    assert (result["voiceId"], result["language"]) == ("troy", "en")
    assert wave_of(audio) == (api.RATE, 1, clip_pcm(1))


def test_each_model_has_voices_of_its_own(vendor: Vendor) -> None:
    assert say(program, model=ENGLISH)[0]["voiceId"] == "autumn"
    assert say(program, model=ARABIC)[0]["voiceId"] == "abdullah"
    assert "speed" not in vendor.seen[0].json()
    assert failed(lambda: say(program, model=ARABIC, voiceId="autumn")).code == "voice_not_found"
    assert [voice["id"] for voice in program.voices(ARABIC)][-1] == "aisha"
    assert len(program.voices(None)) == 12
    assert [voice["id"] for voice in program.voices(None) if voice["default"]] == ["autumn", "abdullah"]


def test_two_hundred_characters_at_once(vendor: Vendor) -> None:
    say(program, "a" * 200, model=ENGLISH)
    error = failed(lambda: say(program, "a" * 201, model=ENGLISH))
    assert (error.code, error.data) == ("text_too_long", {"limit": 200, "length": 201})
    assert len(vendor.seen) == 1


@pytest.mark.parametrize(("speed", "fits"), [(0.5, True), (5, True), (0.4, False), (5.1, False), (float("nan"), False)])
def test_speed_has_bounds(vendor: Vendor, speed: float, fits: bool) -> None:
    if fits:
        say(program, model=ENGLISH, speed=speed)
    else:
        assert failed(lambda: say(program, model=ENGLISH, speed=speed)).rpc_code == -32602
    assert len(vendor.seen) == int(fits)


def test_a_model_hears_or_speaks(vendor: Vendor) -> None:
    assert failed(lambda: say(program, model=TURBO)).code == "model_not_found"
    assert failed(lambda: hear(ENGLISH)).code == "model_not_found"
    assert failed(lambda: program.voices(TURBO)).code == "model_not_found"
    kinds = {model["id"]: model["kind"] for model in program.models()["models"]}
    assert kinds == {TURBO: "asr", LARGE: "asr", ENGLISH: "tts", ARABIC: "tts"}


@pytest.mark.parametrize(
    "body",
    [
        clip_wav(0.5)[:-10],
        clip_wav(0.5).replace(b"RIFF", b"RIFX"),
        clip_wav(0.5).replace(b"fmt ", b"fmx "),
        endless(clip_wav(0.5))[:44],
        clip_wav(0.0),
        b"ID3\4mpeg audio",
    ],
    ids=["short", "big-endian", "no-format", "open-empty", "empty", "mp3"],
)
def test_a_file_that_is_no_wav(vendor: Vendor, body: bytes) -> None:
    vendor.next(answer(Response(body, media_type="audio/wav")))
    assert failed(lambda: say(program, model=ENGLISH)).code == "provider_misbehaved"


def test_speech_is_heard_while_it_arrives(vendor: Vendor) -> None:
    sent: list[dict[str, object]] = []
    heard = threading.Event()

    async def halves() -> AsyncIterator[bytes]:
        wav = clip_wav(1)
        yield wav[: len(wav) // 2]
        assert await asyncio.to_thread(heard.wait, 10)
        yield wav[len(wav) // 2 :]

    def hear_it(method: str, params: dict[str, object]) -> None:
        sent.append(params)
        heard.set()

    vendor.next(answer(StreamingResponse(halves(), media_type="audio/wav")))
    program.synthesize(Call("synthesize", {"modelId": ENGLISH, "input": TEXT, "stream": True}, hear_it))
    assert sent[0]["sampleRate"] == 16_000 and len(sent) > 1


def test_the_terms_of_a_model_are_told(vendor: Vendor) -> None:
    message = "The model requires terms acceptance: https://console.example/terms"
    vendor.next(refuse(400, api.error(message, "model_terms_required")))
    assert message in failed(lambda: say(program, model=ENGLISH)).message


def test_the_request_to_hear_is_what_the_reference_says(vendor: Vendor) -> None:
    result = hear(words=True, language="en-GB", prompt="Concord.", hotwords=["place"], temperature=0.2)
    (seen,) = vendor.seen
    assert (seen.method, seen.path) == ("POST", "/openai/v1/audio/transcriptions")
    assert seen.headers["authorization"] == f"Bearer {api.KEY}"
    assert seen.form == {
        "model": TURBO,
        "response_format": "verbose_json",
        "language": "en",
        "prompt": "Concord. place",
        "temperature": "0.2",
        "timestamp_granularities[]": ["word", "segment"],
        "file": ("speech.wav", "audio/wav", CLIP.read_bytes()),
    }
    assert result["text"] == "Concord returned. To its place."
    assert result["language"] == "en"
    assert result["segments"] == [
        {"id": 0, "start": 0.0, "end": 1.2, "text": "Concord returned."},
        {"id": 1, "start": 1.2, "end": 2.0, "text": "To its place."},
    ]
    assert [word["word"] for word in result["words"]] == ["Concord", "returned", "To", "its", "place"]
    assert result["words"][1] == {"word": "returned", "start": 0.5, "end": 1.2}
    assert result["used"] == {"language": "en", "prompt": "Concord.", "hotwords": ["place"]}
    assert 0.83 < result["confidence"] < 0.84  # e to the mean of -0.1 for 1.2 s and -0.3 for 0.8 s


def test_words_come_when_they_are_wanted(vendor: Vendor) -> None:
    assert "words" not in hear()
    assert vendor.seen[0].form["timestamp_granularities[]"] == "segment"
    assert "language" not in vendor.seen[0].form and "prompt" not in vendor.seen[0].form


def test_translation(vendor: Vendor) -> None:
    result = hear(LARGE, task="translate", language="de")
    (seen,) = vendor.seen
    assert seen.path == "/openai/v1/audio/translations" and "language" not in seen.form
    assert result["language"] == "en"
    error = failed(lambda: hear(TURBO, task="translate"))
    assert error.rpc_code == -32602 and LARGE in error.message
    assert len(vendor.seen) == 1


def test_a_language_that_whisper_does_not_know(vendor: Vendor) -> None:
    assert failed(lambda: hear(language="tlh")).rpc_code == -32602
    assert vendor.seen == []


def test_a_recording_of_nothing_is_not_sent(vendor: Vendor, tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    with wave.open(str(path), "wb") as writer:
        writer.setparams((1, 2, 16_000, 0, "NONE", ""))
    assert hear(path=path) == {"text": "", "segments": []}
    assert vendor.seen == []


def test_a_recording_that_cannot_be_sent(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    assert failed(lambda: hear(path=broken)).code == "unsupported_audio"
    assert failed(lambda: hear(path=tmp_path / "none.wav")).code == "unsupported_audio"
    monkeypatch.setattr(program, "_LARGEST_FILE", 1 << 10)
    assert failed(lambda: hear()).code == "unsupported_audio"
    assert vendor.seen == []


@pytest.mark.parametrize("told", ["x", None, 5, {"text": 5}, [], {"segments": []}])
def test_an_answer_without_a_text(vendor: Vendor, told: object) -> None:
    vendor.next(answer(JSONResponse(told)))
    assert failed(lambda: hear()).code == "provider_misbehaved"


def test_an_answer_with_odd_parts(vendor: Vendor) -> None:
    odd = [
        None,
        7,
        {"word": 5, "start": 0, "end": 1},
        {"word": "a", "start": "0", "end": 1},
        {"word": "b", "start": -1},
    ]
    words = [*odd, {"word": "good", "start": 1, "end": 0.5}]
    body = {"text": "good", "language": "klingon", "segments": "none", "words": words}
    vendor.next(answer(JSONResponse(body)))
    result = hear(words=True)
    assert result["words"] == [{"word": "good", "start": 1.0, "end": 1.0}]
    assert result["segments"] == [] and "language" not in result and "confidence" not in result


@pytest.mark.parametrize(
    ("told", "code"), [("English", "en"), ("de", "de"), ("haitian creole", "ht"), ("Sundanese", "su"), (None, None)]
)
def test_the_language_is_told_as_a_code(vendor: Vendor, told: str | None, code: str | None) -> None:
    vendor.next(answer(JSONResponse({"text": "x", "language": told})))
    assert hear().get("language") == code


def test_too_long_a_limit_is_cut(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    from vox_providers._vendor_settings import time_limit_s

    for names, default, most in (
        (program._TTS_TIMES, program._TTS_TIME_S, program._TTS_MOST_S),
        (program._ASR_TIMES, program._ASR_TIME_S, program._ASR_MOST_S),
    ):
        monkeypatch.setenv(names[0], "1e9")
        assert time_limit_s(names, default, most) == most
        monkeypatch.setenv(names[0], "soon")
        assert time_limit_s(names, default, most) == default
    assert (program._TTS_TIME_S, program._TTS_MOST_S) == (12, 30)
