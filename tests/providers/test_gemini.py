"""Gemini, against a server on this machine that answers as the API reference says."""

from collections.abc import Iterator

import pytest
from starlette.responses import JSONResponse, Response

from tests.providers.vendors import gemini as api
from tests.providers.vendors.remote import SPEAKS, TEXT, failed, lead, say, wave_of
from tests.providers.vendors.server import Vendor, answer, refuse
from tests.providers.vendors.sounds import clip_pcm, clip_wav
from vox.provider import Call
from vox_providers import gemini as program

FLASH, STREAMS = "gemini-2.5-flash-preview-tts", "gemini-3.1-flash-tts-preview"


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    with Vendor(api.app) as vendor:
        yield vendor


@pytest.fixture
def vendor(running: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    return lead(SPEAKS[0], running, monkeypatch)


def test_the_request_is_what_the_reference_says(vendor: Vendor) -> None:
    result, audio = say(program, model=FLASH, voiceId="kORE", instructions=" Say it warmly. ", speed=1.5)
    (seen,) = vendor.seen
    assert (seen.method, seen.path) == ("POST", f"/v1beta/models/{FLASH}:generateContent")
    assert seen.headers["x-goog-api-key"] == api.KEY and "key" not in seen.query
    assert seen.json() == {
        "contents": [{"parts": [{"text": f"Say it warmly.\n\n{TEXT}"}]}],
        "generationConfig": {
            "responseModalities": ["AUDIO"],
            "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
        },
    }
    assert result["voiceId"] == "Kore"
    assert wave_of(audio) == (24_000, 1, clip_pcm(1))


def test_puck_is_the_default_of_thirty_voices(vendor: Vendor) -> None:
    assert say(program, model=FLASH)[0]["voiceId"] == "Puck"
    voices = program.voices(FLASH)
    assert len({voice["id"] for voice in voices}) == 30
    assert [voice["id"] for voice in voices if voice["default"]] == ["Puck"]
    assert len(program.voices(None)) == 30 * len(program.models()["models"])
    assert failed(lambda: program.voices("gemini-1.0")).code == "model_not_found"


def test_an_unknown_voice_is_not_asked_for(vendor: Vendor) -> None:
    error = failed(lambda: say(program, model=FLASH, voiceId="Zefyr"))
    assert (error.code, error.data["nearest"]) == ("voice_not_found", ["Zephyr"])
    assert vendor.seen == []


@pytest.mark.parametrize(
    ("kind", "data", "heard"),
    [
        ("audio/L16;rate=16000;channels=1", clip_pcm(0.5), (16_000, clip_pcm(0.5))),
        ("audio/l16; rate=24000; channels=2", b"\1\0\3\0" * 500, (24_000, b"\2\0" * 500)),
        ("audio/pcm", clip_pcm(0.5), (24_000, clip_pcm(0.5))),
        ("audio/wav", clip_wav(0.5, 22_050), (22_050, clip_pcm(0.5))),
    ],
)
def test_samples_become_a_wav_and_a_wav_is_passed(
    vendor: Vendor, kind: str, data: bytes, heard: tuple[int, bytes]
) -> None:
    vendor.next(answer(JSONResponse(api.candidate({"text": "Here you are:"}, api.inline(data, kind)))))
    rate, channels, pcm = wave_of(say(program, model=FLASH)[1])
    assert (rate, channels, pcm) == (heard[0], 1, heard[1])


@pytest.mark.parametrize(
    "part",
    [
        api.inline(b"\1\0", "audio/L16;rate=1"),
        api.inline(b"\1\0", "audio/L16;rate=200000"),
        api.inline(b"\1\0", "audio/L16;rate=many"),
        api.inline(b"\1\0", "audio/L16;rate=24000;channels=9"),
        api.inline(b"\1\0\1", "audio/L16;rate=24000"),
        api.inline(b"", "audio/L16;rate=24000"),
        api.inline(clip_wav(0.1)[:200], "audio/wav"),
        api.inline(b"ID3", "audio/mpeg"),
        api.inline(b"\1\0", ""),
        {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "not base64!"}},
        {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": 7}},
        {"inlineData": "AQA="},
        {"text": "I would rather talk about the weather."},
    ],
    ids=repr,
)
def test_what_is_no_audio_is_refused(vendor: Vendor, part: dict[str, object]) -> None:
    vendor.next(answer(JSONResponse(api.candidate(part))))
    error = failed(lambda: say(program, model=FLASH))
    assert error.code == "provider_misbehaved"
    assert "weather" not in error.message


@pytest.mark.parametrize("body", [{}, {"candidates": []}, {"candidates": [None]}, {"candidates": [{"content": None}]}])
def test_an_empty_answer(vendor: Vendor, body: dict[str, object]) -> None:
    vendor.next(answer(JSONResponse(body)))
    error = failed(lambda: say(program, model=FLASH))
    assert error.code == "provider_misbehaved" and "without audio" in error.message


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "RECITATION", "BLOCKLIST", "SPII"])
def test_a_text_that_is_refused(vendor: Vendor, reason: str) -> None:
    vendor.next(answer(JSONResponse(api.candidate(reason=reason))))
    error = failed(lambda: say(program, model=FLASH))
    assert (error.rpc_code, error.data["reason"]) == (-32602, reason)


def test_a_prompt_that_is_blocked(vendor: Vendor) -> None:
    vendor.next(answer(JSONResponse({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})))
    error = failed(lambda: say(program, model=FLASH))
    assert (error.rpc_code, error.data["reason"]) == (-32602, "PROHIBITED_CONTENT")


@pytest.mark.parametrize(("reason", "code"), [("MAX_TOKENS", "text_too_long"), ("OTHER", "provider_misbehaved")])
def test_a_speech_that_ends_early_is_no_speech(vendor: Vendor, reason: str, code: str) -> None:
    vendor.next(answer(JSONResponse(api.candidate(api.inline(clip_pcm(0.5)), reason=reason))))
    error = failed(lambda: say(program, model=FLASH))
    assert error.code == code and reason in f"{error.data} {error.message}"


def test_a_bad_key_is_told_with_400(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-other")
    error = failed(lambda: say(program, model=FLASH))
    assert error.code == "unauthorized" and error.data["httpStatus"] == 400
    assert "GEMINI_API_KEY" in error.message and "AIza-other" not in error.message


def test_the_time_to_wait_stands_in_the_body(vendor: Vendor) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
    vendor.next(refuse(429, api.error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", info)))
    error = failed(lambda: say(program, model=FLASH))
    assert (error.code, error.data["retryAfterMs"]) == ("rate_limited", 34_500)


def test_a_model_that_is_gone(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_GEMINI_TTS_MODELS", "gemini-9-tts, gemini-8-tts")
    assert [model["id"] for model in program.models()["models"]][3:] == ["gemini-9-tts", "gemini-8-tts"]
    assert failed(lambda: say(program, model="gemini-9-tts")).code == "model_not_found"
    assert len(vendor.seen) == 1
    assert failed(lambda: say(program, model="gemini-7-tts")).code == "model_not_found"
    assert len(vendor.seen) == 1


def heard(model: str = STREAMS) -> tuple[list[dict[str, object]], Call]:
    """Speak as a stream: what was sent meanwhile."""
    sent: list[dict[str, object]] = []
    params = {"modelId": model, "input": TEXT, "stream": True}
    call = Call("synthesize", params, lambda method, params: sent.append(params))
    program.synthesize(call)
    return sent, call


def test_a_stream_is_heard_in_pieces(vendor: Vendor) -> None:
    sent, call = heard()
    assert vendor.seen[0].path.endswith(":streamGenerateContent") and vendor.seen[0].query == {"alt": "sse"}
    assert len(sent) == 4 and sent[0]["sampleRate"] == 24_000
    assert call.sent_bytes == len(clip_pcm(1))


def test_older_models_answer_at_once(vendor: Vendor) -> None:
    sent, _ = heard(FLASH)
    assert vendor.seen[0].path.endswith(":generateContent") and len(sent) == 1


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ([], "provider_misbehaved"),
        ([api.candidate(reason="OTHER")], "provider_misbehaved"),
        ([api.candidate(reason="MAX_TOKENS")], "text_too_long"),
        ([api.candidate(reason="SAFETY")], None),
        ([api.error(429, "RESOURCE_EXHAUSTED", "Too many")], "rate_limited"),
        ([api.error(503, "UNAVAILABLE", "Overloaded")], "provider_unavailable"),
        ([{"error": {"message": "unnumbered"}}], None),
        ([api.candidate(api.inline(b"\1\0", "audio/L16;rate=8000"))], "provider_misbehaved"),
        ([api.candidate(api.inline(clip_wav(0.1), "audio/wav"))], "provider_misbehaved"),
    ],
)
def test_a_stream_that_does_not_end_well(vendor: Vendor, end: list[object], code: str | None) -> None:
    begin = api.candidate(api.inline(clip_pcm(0.2)), reason=None)
    vendor.next(answer(api.events(begin, *end)))
    assert failed(heard).code == code


def test_a_stream_of_nonsense(vendor: Vendor) -> None:
    vendor.next(answer(Response("data: {oops\n\n", media_type="text/event-stream")))
    assert failed(heard).code == "provider_misbehaved"


@pytest.mark.parametrize("name", ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_API_KEY"])
def test_each_name_of_the_key_counts(vendor: Vendor, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    monkeypatch.setenv(name, api.KEY)
    say(program, model=FLASH)


def test_the_first_name_of_the_key_wins(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "AIza-wrong")
    monkeypatch.setenv("GOOGLE_GENAI_API_KEY", "AIza-wrong")
    say(program, model=FLASH)


def test_the_other_name_of_the_address(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_BASE_URL")
    monkeypatch.setenv("GOOGLE_GENAI_BASE_URL", f"{vendor.url}/v1beta/")
    say(program, model=FLASH)
    monkeypatch.setenv("GOOGLE_GENAI_BASE_URL", "somewhere")
    assert "GEMINI_BASE_URL" in failed(lambda: say(program, model=FLASH)).message


def test_nothing_to_say(vendor: Vendor) -> None:
    assert failed(lambda: say(program, " \n", model=FLASH)).rpc_code == -32602
    assert failed(lambda: say(program, "a" * 20_001, model=FLASH)).code == "text_too_long"
    assert vendor.seen == []
