"""ElevenLabs, against a server on this machine that answers as the API reference says, and worse."""

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.responses import JSONResponse, Response

from tests.providers.program import Program
from tests.providers.vendors.elevenlabs import FORMATS, GEORGE, KEY, detail, elevenlabs, sound
from tests.providers.vendors.server import (
    Vendor,
    answer,
    drip,
    html,
    redirect,
    refuse,
    reset,
    silence,
    slow,
    truncated,
)
from vox.audio.encode import samples_of
from vox.provider import Call, ProviderError
from vox.provider.results import complete_speech
from vox_providers import _elevenlabs_formats, _elevenlabs_voices
from vox_providers import elevenlabs as program

TEXT = "The quick brown fox jumps over the lazy dog."
FREE = ("VOX_ENTRY_ENV", "ELEVENLABS_OUTPUT_FORMAT", "VOX_ELEVENLABS_TTS_TIMEOUT_SECONDS")


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    with Vendor(elevenlabs()) as vendor:
        yield vendor


@pytest.fixture
def vendor(running: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    for name in FREE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ELEVENLABS_API_KEY", KEY)
    monkeypatch.setenv("ELEVENLABS_BASE_URL", running.url)
    running.seen.clear()
    return running


def say(text: str = TEXT, model: str = "eleven_multilingual_v2", **params: object) -> tuple[dict[str, Any], bytes]:
    """What the daemon gets for a text: the result, and the audio in it."""
    call = Call("synthesize", {"modelId": model, "input": text, **params})
    return complete_speech(call, program.synthesize(call), time.perf_counter())


def failed(run: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        run()
    return raised.value


# Models and settings


def test_models_can_be_used_when_there_is_a_key(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    told = program.models()
    assert told["features"] == ["remote"]
    kinds = {model["id"]: (model["kind"], model["available"], model["installed"]) for model in told["models"]}
    assert kinds == {
        "eleven_multilingual_v2": ("tts", True, True),
        "eleven_turbo_v2_5": ("tts", True, True),
        "eleven_flash_v2_5": ("tts", True, True),
        "eleven_v3": ("tts", True, True),
        "scribe_v2": ("asr", True, True),
    }
    assert all("remedy" not in model for model in told["models"])
    monkeypatch.delenv("ELEVENLABS_API_KEY")
    for model in program.models()["models"]:
        assert (model["available"], model["installed"]) == (False, False)
        assert "ELEVENLABS_API_KEY" in model["remedy"]
    assert vendor.seen == []


def test_an_empty_key_of_the_entry_hides_that_of_the_daemon(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_ENTRY_ENV", "ELEVENLABS_API_KEY")
    monkeypatch.setenv("ELEVENLABS_API_KEY", "")
    error = failed(say)
    assert error.code == "unauthorized" and "Set ELEVENLABS_API_KEY" in error.message
    assert vendor.seen == []


def test_a_lent_key_is_not_taken(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "")
    assert failed(lambda: say(credentials={"ELEVENLABS_API_KEY": KEY})).code == "unauthorized"


def test_preload_looks_at_the_settings(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    call = Call("preload", {"modelId": "eleven_v3"}, lambda method, params: told.append(params))
    assert program.preload(call)["available"] is True
    assert [(params["progress"], params["status"]) for params in told] == [(0.2, "starting"), (1.0, "ready")]
    monkeypatch.setenv("ELEVENLABS_OUTPUT_FORMAT", "wav_44100_128")
    error = failed(lambda: program.preload(Call("preload", {"modelId": "eleven_v3"})))
    assert error.code == "unsupported_format" and "'wav_44100_128'" in error.message and "wav_44100" in error.message
    assert program.preload(Call("preload", {"modelId": "scribe_v2"}))["kind"] == "asr"
    monkeypatch.setenv("ELEVENLABS_API_KEY", "")
    assert failed(lambda: program.preload(Call("preload", {"modelId": "scribe_v2"}))).code == "unauthorized"


def test_an_unknown_model_is_refused_before_anything_is_sent(vendor: Vendor) -> None:
    assert failed(lambda: say(model="eleven_v9")).code == "model_not_found"
    assert failed(lambda: say(model="scribe_v2")).code == "model_not_found"
    assert failed(lambda: program.voices("eleven_v9")).code == "model_not_found"
    assert failed(lambda: program.preload(Call("preload", {"modelId": "scribe_v1"}))).code == "model_not_found"
    assert vendor.seen == []


# Speech


def test_speaks_as_the_reference_says(vendor: Vendor) -> None:
    result, audio = say()
    assert result["voiceId"] == GEORGE and result["contentType"] == "audio/wav"
    pcm, rate = samples_of(audio, "audio/wav")
    assert rate == 24_000 and pcm == sound("pcm_24000", 0.05 * len(TEXT))
    (seen,) = vendor.seen
    assert (seen.method, seen.path) == ("POST", f"/v1/text-to-speech/{GEORGE}")
    assert seen.query == {"output_format": "pcm_24000"} and seen.headers["xi-api-key"] == KEY
    assert seen.json() == {"text": TEXT, "model_id": "eleven_multilingual_v2"}


def test_streams_what_arrives(vendor: Vendor) -> None:
    told: list[dict[str, Any]] = []
    call = Call(
        "synthesize",
        {"modelId": "eleven_flash_v2_5", "input": TEXT, "stream": True, "voiceId": "voice000000000000007"},
        lambda method, params: told.append(params),
    )
    assert program.synthesize(call) == {"voiceId": "voice000000000000007"}
    assert vendor.seen[0].path == "/v1/text-to-speech/voice000000000000007/stream"
    assert len(told) > 5 and told[0]["sampleRate"] == 24_000
    heard = b"".join(base64.b64decode(params["audioBase64"]) for params in told)
    assert heard == sound("pcm_24000", 0.05 * len(TEXT))


def test_every_documented_format_can_be_chosen(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(_elevenlabs_formats.FORMATS) == FORMATS
    for name in sorted(FORMATS):
        monkeypatch.setenv("ELEVENLABS_OUTPUT_FORMAT", name)
        result, audio = say()
        pcm, rate = samples_of(audio, result["contentType"])
        codec, wanted = name.split("_")[:2]
        assert rate == int(wanted), name
        assert vendor.seen[-1].query["output_format"] == name
        assert len(pcm) / 2 / rate == pytest.approx(0.05 * len(TEXT), abs=0.12), name
        lossless = np.frombuffer(sound(f"pcm_{wanted}" if codec != "mp3" else "pcm_48000", 0.05 * len(TEXT)), "<i2")
        if codec in ("pcm", "wav"):
            assert pcm == lossless.tobytes()
        if codec in ("ulaw", "alaw"):
            assert np.abs(np.frombuffer(pcm, "<i2").astype(int) - lossless).max() < 600
        assert np.frombuffer(pcm, "<i2").std() == pytest.approx(lossless.std(), rel=0.15), name


@pytest.mark.parametrize(
    ("chosen", "asked", "streams"),
    [
        ("wav_44100", "pcm_44100", True),
        ("ulaw_8000", "ulaw_8000", True),
        ("mp3_44100_128", "mp3_44100_128", False),
        ("opus_48000_64", "opus_48000_64", False),
    ],
)
def test_a_stream_needs_samples(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, chosen: str, asked: str, streams: bool
) -> None:
    monkeypatch.setenv("ELEVENLABS_OUTPUT_FORMAT", chosen)
    result, audio = say(stream=True)
    assert vendor.seen[0].query["output_format"] == asked
    assert vendor.seen[0].path.endswith("/stream") is streams
    assert (audio == b"") is streams
    assert result["metrics"]["outputBytes"] > 1000
    features = {model["id"]: model.get("features") for model in program.models()["models"]}
    assert features["eleven_v3"] == (["synthesize.stream"] if streams else None)


def test_g711_is_what_libsndfile_writes() -> None:
    for law, subtype in (("ulaw", "ULAW"), ("alaw", "ALAW")):
        form = _elevenlabs_formats.find_format(f"{law}_8000")
        codes = bytes(range(256))
        expected, _ = soundfile.read(
            io.BytesIO(codes), dtype="int16", format="RAW", subtype=subtype, samplerate=8000, channels=1
        )
        assert b"".join(form.samples([codes])) == expected.tobytes()


def test_speed_and_language_go_where_the_model_takes_them(vendor: Vendor) -> None:
    say(speed=1.2, language="pt-BR", model="eleven_turbo_v2_5")
    say(language="de", speed=1.0)
    say(language="sw", model="eleven_v3")
    bodies = [seen.json() for seen in vendor.seen]
    assert bodies[0]["voice_settings"] == {"speed": 1.2} and bodies[0]["language_code"] == "pt"
    assert [set(body) for body in bodies[1:]] == [{"text", "model_id"}] * 2


@pytest.mark.parametrize(
    "params", [{"speed": 1.3}, {"speed": 0.5}, {"language": "sw"}, {"text": " \n"}, {"text": "…!"}]
)
def test_what_it_cannot_do_is_not_sent(vendor: Vendor, params: dict[str, Any]) -> None:
    error = failed(lambda: say(**params))
    assert error.rpc_code == -32602
    assert vendor.seen == []


@pytest.mark.parametrize(("model", "limit"), [("eleven_multilingual_v2", 10_000), ("eleven_v3", 5_000)])
def test_the_limit_of_a_model_is_told(vendor: Vendor, model: str, limit: int) -> None:
    error = failed(lambda: say("a" * (limit + 1), model=model))
    assert error.code == "text_too_long" and error.data == {"limit": limit, "length": limit + 1}
    assert vendor.seen == []


@pytest.mark.parametrize("voice", ["../../v1/user", "a/b", "a?b", "ä", "x" * 65])
def test_a_voice_that_is_no_id_never_becomes_an_address(vendor: Vendor, voice: str) -> None:
    assert failed(lambda: say(voiceId=voice)).code == "voice_not_found"
    assert vendor.seen == []


def test_a_voice_that_is_not_in_the_account(vendor: Vendor) -> None:
    error = failed(lambda: say(voiceId="nobody"))
    assert error.code == "voice_not_found" and "vox voices" in error.message


# Refusals


@pytest.mark.parametrize(
    ("status", "body", "headers", "code", "told"),
    [
        (401, detail("invalid_api_key", "Invalid API key"), {}, "unauthorized", "Check ELEVENLABS_API_KEY"),
        (401, detail("quota_exceeded", "You have 3 credits left."), {}, "payment_required", "3 credits left"),
        (402, detail("payment_required", "Pay."), {}, "payment_required", "Pay."),
        (403, detail("missing_permissions", "The key may not speak."), {}, "unauthorized", "may not speak"),
        (403, detail("output_format_not_allowed", "Not on this plan."), {}, "unsupported_format", "OUTPUT_FORMAT"),
        (400, detail("voice_not_found", "No such voice."), {}, "voice_not_found", "vox voices"),
        (404, detail("model_not_found", "No such model."), {}, "model_not_found", "No such model."),
        (400, detail("max_character_limit_exceeded", "Too long."), {}, "text_too_long", "Too long."),
        (413, "too large", {}, "text_too_long", "too large"),
        (429, detail("too_many_concurrent_requests", "Wait."), {"retry-after": "40"}, "rate_limited", "Wait."),
        (429, detail("system_busy", "Busy."), {}, "rate_limited", "Busy."),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, {}, None, "field required"),
        (500, {"detail": "Internal error"}, {}, None, "Internal error"),
        (503, detail("unavailable", "Down."), {}, "provider_unavailable", "Down."),
    ],
)
def test_a_refusal_says_what_it_means(
    vendor: Vendor, status: int, body: object, headers: dict[str, str], code: str | None, told: str
) -> None:
    vendor.next(refuse(status, body, headers))
    error = failed(say)
    assert error.code == code and told in error.message and f"(HTTP {status})" in error.message
    assert len(vendor.seen) == 1
    if headers:
        assert error.data["retryAfterMs"] == 40_000


def test_neither_text_nor_key_is_repeated(vendor: Vendor) -> None:
    vendor.next(refuse(400, detail("bad", f"cannot say {TEXT!r} with {KEY}")))
    message = failed(say).message
    assert KEY not in message and "quick brown" not in message


def test_a_short_pause_is_waited_for(vendor: Vendor) -> None:
    vendor.next(refuse(429, detail("rate_limit_exceeded", "Wait."), {"retry-after": "0.05"}))
    assert say()[0]["voiceId"] == GEORGE
    assert len(vendor.seen) == 2


# Answers that are none


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("behaviour", [silence(), drip(sound("pcm_24000", 2.0), "audio/pcm")])
def test_the_clock_wins(vendor: Vendor, monkeypatch: pytest.MonkeyPatch, behaviour: Any, stream: bool) -> None:
    monkeypatch.setenv("VOX_ELEVENLABS_TTS_TIMEOUT_SECONDS", "0.4")
    vendor.next(behaviour)
    begun = time.monotonic()
    error = failed(lambda: say(stream=stream))
    assert error.code == "provider_timeout" and "after 0.4 seconds" in error.message
    assert time.monotonic() - begun < 2
    vendor.wait_until_left()


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (truncated(sound("pcm_24000", 1.0), "audio/pcm"), "provider_unavailable"),
        (reset(), "provider_unavailable"),
        (reset(bytes(64)), "provider_unavailable"),
        (answer(Response(b"", media_type="audio/pcm")), "provider_misbehaved"),
        (answer(Response(bytes(4001), media_type="audio/pcm")), "provider_misbehaved"),
        (answer(JSONResponse({"ok": True})), "provider_misbehaved"),
        (html(200), "provider_misbehaved"),
        (html(502), "provider_unavailable"),
    ],
)
def test_what_is_no_speech_is_refused(vendor: Vendor, behaviour: Any, code: str) -> None:
    vendor.next(behaviour)
    error = failed(say)
    assert error.code == code and "ElevenLabs" in error.message and "<" not in error.message
    assert len(vendor.seen) == 1


def test_a_redirect_is_not_followed(vendor: Vendor) -> None:
    vendor.next(redirect("https://elsewhere.invalid/"))
    assert "ELEVENLABS_BASE_URL" in failed(say).message
    assert len(vendor.seen) == 1


@pytest.mark.parametrize("name", ["wav_44100", "mp3_44100_128", "opus_48000_32"])
def test_a_file_has_to_be_the_one_asked_for(vendor: Vendor, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("ELEVENLABS_OUTPUT_FORMAT", name)
    vendor.next(answer(Response(bytes(5000), media_type="audio/mpeg")))
    assert failed(say).code == "provider_misbehaved"


@pytest.mark.parametrize("stream", [False, True])
def test_a_gateway_may_answer_with_wav(vendor: Vendor, stream: bool) -> None:
    vendor.next(answer(Response(sound("wav_16000", 1.0), media_type="audio/wav")))
    result, audio = say(stream=stream)
    assert result["metrics"]["audioDurationMs"] == pytest.approx(1000, abs=1)
    assert stream or samples_of(audio, "audio/wav") == (sound("pcm_16000", 1.0), 16_000)


def test_a_wav_that_ends_early_is_noticed(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVENLABS_OUTPUT_FORMAT", "wav_44100")
    vendor.next(answer(Response(sound("wav_44100", 1.0)[:-2000], media_type="audio/wav")))
    assert failed(say).code == "provider_misbehaved"


def test_a_cancelled_call_closes_its_connection(vendor: Vendor) -> None:
    vendor.next(slow(Response(sound("pcm_24000", 1.0), media_type="audio/pcm")))
    while vendor.arrived.acquire(blocking=False):
        pass
    call = Call("synthesize", {"modelId": "eleven_v3", "input": TEXT})
    errors: list[ProviderError] = []
    thread = threading.Thread(target=lambda: errors.append(failed(lambda: program.synthesize(call))))
    thread.start()
    vendor.wait_for_request()
    call.cancel()
    thread.join(10)
    vendor.wait_until_left()
    assert [error.rpc_code for error in errors] == [-32800]


# Voices


def test_all_voices_come_page_by_page(vendor: Vendor) -> None:
    found = program.voices("eleven_multilingual_v2")
    assert len(found) == 250 and len({voice["id"] for voice in found}) == 250
    assert [seen.query.get("next_page_token") for seen in vendor.seen] == [None, "page-100", "page-200"]
    assert {seen.query["page_size"] for seen in vendor.seen} == {"100"}
    assert [voice["id"] for voice in found if voice["default"]] == [GEORGE]
    assert found[0]["language"] == "en" and found[1]["language"] == "de-DE"
    assert program.voices("eleven_flash_v2_5")[1]["language"] == "en-GB"
    assert program.voices(None)[0]["modelId"] == "eleven_multilingual_v2"
    assert program.voices("scribe_v2") == []


def test_ten_thousand_voices(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    with Vendor(elevenlabs(voices=10_000)) as large:
        monkeypatch.setenv("ELEVENLABS_BASE_URL", large.url)
        assert len({voice["id"] for voice in program.voices(None)}) == 10_000
        assert len(large.seen) == 100


def test_a_list_without_end_is_left(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_elevenlabs_voices, "_MOST_PAGES", 2)
    assert len(program.voices(None)) == 200
    assert "more than 200 voices" in capsys.readouterr().err


@pytest.mark.parametrize("page", [{"voices": None}, ["voices"], {}])
def test_a_list_that_is_none_is_refused(vendor: Vendor, page: Any) -> None:
    vendor.next(answer(JSONResponse(page)))
    assert failed(lambda: program.voices(None)).code == "provider_misbehaved"


def test_pages_that_lead_in_a_circle_are_left(vendor: Vendor) -> None:
    page = answer(JSONResponse({"voices": [], "has_more": True, "next_page_token": "again"}))
    vendor.next(page, page)
    assert "the same page again" in failed(lambda: program.voices(None)).message
    assert len(vendor.seen) == 2


def test_what_is_no_voice_is_left_out(vendor: Vendor) -> None:
    odd = [None, 7, {}, {"voice_id": "../x", "name": "X"}, {"voice_id": "ok1", "name": None, "labels": []}]
    vendor.next(answer(JSONResponse({"voices": odd, "has_more": False})))
    assert [(voice["id"], voice["name"]) for voice in program.voices(None)] == [("ok1", "ok1")]


def test_without_a_key_there_is_the_default_voice(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "")
    (voice,) = program.voices(None)
    assert (voice["id"], voice["available"], voice["default"]) == (GEORGE, False, True)
    assert vendor.seen == []


def test_a_refused_key_is_told_when_voices_are_asked_for(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "xi-wrong")
    assert failed(lambda: program.voices(None)).code == "unauthorized"


# The program


def test_the_program_speaks_and_keeps_its_key(vendor: Vendor) -> None:
    environment = {"ELEVENLABS_API_KEY": KEY, "ELEVENLABS_BASE_URL": vendor.url}
    with Program("vox_providers.elevenlabs", environment) as running:
        models = running.call("models")["result"]
        assert models["maxConcurrency"] == 8 and "remote" in models["features"]
        spoken = running.call("synthesize", modelId="eleven_v3", input=TEXT, format="wav")["result"]
        assert base64.b64decode(spoken["audioBase64"])[:4] == b"RIFF"
        vendor.next(refuse(401, detail("invalid_api_key", f"Invalid API key {KEY}")))
        error = running.call("synthesize", modelId="eleven_v3", input=TEXT, format="wav")["error"]
        assert error["data"]["code"] == "unauthorized"
        assert KEY not in json.dumps(error)
    assert running.status == 0 and KEY not in running.stderr


def test_longer_texts_have_longer(vendor: Vendor) -> None:
    limits = [program._speaking_s(Call("synthesize", {"input": "a" * length})) for length in (0, 10_000, 90_000)]
    assert limits == [60, 260, 900]
