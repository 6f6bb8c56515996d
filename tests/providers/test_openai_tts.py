"""Speech by OpenAI's API, against a server of this machine that behaves as its reference says."""

import base64
import io
import time
import wave
from collections.abc import Iterator
from typing import Any

import pytest

from tests.providers.program import Program
from tests.providers.vendors import openai, server
from tests.providers.vendors.sounds import clip_pcm, clip_wav
from vox.provider import Call, ProviderError
from vox_providers import openai_tts

TEXT = "The quick brown fox jumps over the lazy dog."
SETTINGS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_TTS_TIMEOUT_SECONDS",
    "VOX_OPENAI_TTS_TIMEOUT_SECONDS",
    "VOX_OPENAI_TTS_MODELS",
    "VOX_OPENAI_TTS_VOICES",
    "VOX_ENTRY_ENV",
)


@pytest.fixture(scope="module")
def running() -> Iterator[server.Vendor]:
    with server.Vendor(openai.app()) as made:
        yield made


@pytest.fixture
def vendor(running: server.Vendor, monkeypatch: pytest.MonkeyPatch) -> Iterator[server.Vendor]:
    running.forget()
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", openai.KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{running.url}/v1")
    yield running
    openai_tts.vendor.close()


def call(method: str = "synthesize", **params: Any) -> Call:
    return Call(method, {"modelId": "gpt-4o-mini-tts", "input": TEXT, "format": "wav", **params})


def refused(**params: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        openai_tts.synthesize(call(**params))
    return caught.value


def test_the_models_and_voices_are_the_published_ones(vendor: server.Vendor) -> None:
    told = openai_tts.models()
    assert [model["id"] for model in told["models"]] == ["gpt-4o-mini-tts", "tts-1", "tts-1-hd"]
    assert {"remote", "credentials"} <= set(told["features"])
    assert all(model["installed"] and model["available"] for model in told["models"])
    voices = openai_tts.voices("tts-1")
    published = "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse"
    assert " ".join(voice["id"] for voice in voices) == published
    assert [voice["id"] for voice in voices if voice["default"]] == ["alloy"]
    assert len(openai_tts.voices(None)) == 3 * 13
    assert vendor.seen == []


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nothing_is_installed_and_one_line_says_what_to_do(
    vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY") if key is None else monkeypatch.setenv("OPENAI_API_KEY", key)
    for model in openai_tts.models()["models"]:
        assert (model["installed"], model["available"]) == (False, False)
        assert "Set OPENAI_API_KEY" in model["remedy"]
    assert not any(voice["available"] for voice in openai_tts.voices("tts-1"))
    for method in (openai_tts.install, openai_tts.preload, openai_tts.synthesize):
        with pytest.raises(ProviderError, match=r"OpenAI TTS needs a key\. Set OPENAI_API_KEY") as caught:
            method(call())
        assert caught.value.code == "unauthorized" and "\n" not in caught.value.message
    assert vendor.seen == []


def test_a_request_is_what_the_reference_says(vendor: server.Vendor) -> None:
    asked = call(voiceId="nova", speed=1.25, instructions="Whisper.")
    assert openai_tts.synthesize(asked) == {"voiceId": "nova"}
    assert (bytes(asked.kept), asked.sample_rate) == (clip_pcm(), 24_000)
    seen = vendor.seen[0]
    assert (seen.method, seen.path) == ("POST", "/v1/audio/speech")
    assert seen.headers["authorization"] == f"Bearer {openai.KEY}"
    assert seen.json() == {
        "model": "gpt-4o-mini-tts",
        "input": TEXT,
        "voice": "nova",
        "response_format": "wav",
        "speed": 1.25,
        "instructions": "Whisper.",
    }


def test_only_one_model_takes_instructions_and_nothing_is_sent_unasked(vendor: server.Vendor) -> None:
    assert openai_tts.synthesize(call(modelId="tts-1", instructions="Whisper.")) == {"voiceId": "alloy"}
    expected = {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "wav"}
    assert vendor.seen[0].json() == expected


def test_a_lent_key_is_used_for_its_call_alone(vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    openai_tts.synthesize(call(credentials={"OPENAI_API_KEY": openai.KEY}))
    assert refused().code == "unauthorized" and len(vendor.seen) == 1


@pytest.mark.parametrize(
    ("params", "code", "told"),
    [
        ({"voiceId": "aloy"}, "voice_not_found", "alloy"),
        ({"input": "a" * 4097}, "text_too_long", "takes 4096 in a request"),
        ({"speed": 5}, None, "between 0.25 and 4"),
        ({"speed": "fast"}, None, "speed must be"),
        ({"input": " \U0001f44b "}, None, "nothing to say"),
    ],
)
def test_what_cannot_be_spoken_is_not_sent(
    vendor: server.Vendor, params: dict[str, Any], code: str | None, told: str
) -> None:
    error = refused(**params)
    assert error.code == code and told in error.message and vendor.seen == []


def test_openai_itself_has_no_other_models(vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    error = refused(modelId="tts-11")
    assert error.code == "model_not_found" and error.data["nearest"][0] == "tts-1"


def test_a_server_of_ones_own_has_its_own_names(monkeypatch: pytest.MonkeyPatch, vendor: server.Vendor) -> None:
    monkeypatch.setenv("VOX_OPENAI_TTS_MODELS", "kokoro, piper")
    monkeypatch.setenv("VOX_OPENAI_TTS_VOICES", "af_sky,af_bella")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with server.Vendor(openai.app(0.2, keyless=True)) as own:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{own.url}/v1/")
        assert [model["id"] for model in openai_tts.models()["models"]] == ["kokoro", "piper"]
        assert [voice["id"] for voice in openai_tts.voices("kokoro")] == ["af_sky", "af_bella"]
        openai_tts.synthesize(call(modelId="kokoro", input="a" * 5000, instructions="Slowly."))
        body = own.seen[0].json()
        assert (body["model"], body["voice"], body["instructions"]) == ("kokoro", "af_sky", "Slowly.")
        openai_tts.vendor.close()


@pytest.mark.parametrize(
    ("behaviour", "code", "message"),
    [
        (server.refuse(402, {"error": {"message": "No credit."}}), "payment_required", "(HTTP 402): No credit."),
        (server.answer(openai.error(404, "No such model.", "model_not_found")), "model_not_found", "(HTTP 404)"),
        (server.answer(openai.error(400, "No such voice.", None, "voice")), "voice_not_found", "No such voice."),
        (server.refuse(413, "too much"), "text_too_long", "(HTTP 413): too much"),
        (server.answer(openai.error(429, "Slow.", None, None, retry_after="20")), "rate_limited", "(HTTP 429): Slow."),
        (server.answer(openai.error(429, "Paid up?", "insufficient_quota")), "payment_required", "Paid up?"),
        (server.refuse(500, {"error": {"message": f"Cannot say {TEXT}"}}), None, "(HTTP 500): Cannot say [text]"),
        (server.html(), "provider_unavailable", "(HTTP 502): request failed"),
        (server.html(200), "provider_misbehaved", "it is text/html"),
        (server.refuse(200, {"audio": ""}), "provider_misbehaved", "it is application/json"),
        (server.redirect("https://elsewhere.invalid/"), None, "OPENAI_BASE_URL"),
        (server.reset(), "provider_unavailable", "broke off"),
        (server.reset(b"RIFF"), "provider_unavailable", "broke off"),
        (server.truncated(clip_wav()), "provider_unavailable", "broke off"),
    ],
)
def test_a_failure_has_its_code(
    vendor: server.Vendor, behaviour: server.Behaviour, code: str | None, message: str
) -> None:
    vendor.next(behaviour)
    error = refused()
    assert error.code == code and message in error.message and error.message.startswith("OpenAI TTS request failed")
    assert TEXT not in error.message and len(vendor.seen) == 1


def test_a_refused_key_is_not_repeated(vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong-key-of-mine")
    error = refused()
    assert error.code == "unauthorized" and "wrong-key-of-mine" not in error.message
    assert error.message.startswith("OpenAI TTS request failed (HTTP 401): Incorrect API key provided: [key]")


def test_when_to_come_back_is_told(vendor: server.Vendor) -> None:
    vendor.next(server.refuse(429, {}, {"retry-after": "20"}))
    assert refused().data["retryAfterMs"] == 20_000


@pytest.mark.parametrize("behaviour", [server.silence(), server.drip(clip_wav())], ids=["silence", "drip"])
def test_the_wall_clock_wins(
    vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch, behaviour: server.Behaviour
) -> None:
    monkeypatch.setenv("OPENAI_TTS_TIMEOUT_SECONDS", "0.4")
    openai_tts.vendor.prepare()
    vendor.next(behaviour)
    begun = time.monotonic()
    error = refused()
    assert error.message == "OpenAI TTS request timed out after 0.4 seconds." and error.code == "provider_timeout"
    assert time.monotonic() - begun < 0.9


@pytest.mark.parametrize("nonsense", ["soon", "0", "-3", ""])
def test_twelve_seconds_is_what_nonsense_means(
    vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch, nonsense: str
) -> None:
    monkeypatch.setenv("VOX_OPENAI_TTS_TIMEOUT_SECONDS", nonsense)
    limits: list[float] = []
    real = openai_tts.vendor.send
    monkeypatch.setattr(openai_tts.vendor, "send", lambda *a, **k: (limits.append(k["within_s"]), real(*a, **k))[1])
    openai_tts.synthesize(call())
    monkeypatch.setenv("VOX_OPENAI_TTS_TIMEOUT_SECONDS", "99")
    openai_tts.synthesize(call())
    assert limits == [12, 30]


def test_an_address_that_is_none_is_told(vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:8000")
    assert "OPENAI_BASE_URL must be an address" in openai_tts.models()["models"][0]["remedy"]
    assert "OPENAI_BASE_URL must be an address" in refused().message


def test_as_a_program_it_streams_and_cancels(vendor: server.Vendor) -> None:
    env = {"OPENAI_API_KEY": openai.KEY, "OPENAI_BASE_URL": f"{vendor.url}/v1"}
    with Program("vox_providers.openai_tts", env) as program:
        loaded = program.call("preload", modelId="tts-1")["result"]
        assert loaded["preloaded"] and [note["params"]["status"] for note in program.notifications] == [
            "starting",
            "ready",
        ]
        program.notifications.clear()
        whole = program.call("synthesize", modelId="tts-1", input=TEXT, format="wav")["result"]
        with wave.open(io.BytesIO(base64.b64decode(whole["audioBase64"]))) as file:
            assert (file.getframerate(), file.getnframes()) == (24_000, len(clip_pcm()) // 2)
        told = program.call("synthesize", modelId="tts-1", input=TEXT, format="wav", stream=True)["result"]
        assert "audioBase64" not in told and len(program.notifications) > 10
        vendor.forget()
        vendor.next(server.drip(clip_wav()))
        program.send("synthesize", {"modelId": "tts-1", "input": TEXT, "format": "wav"}, 99)
        vendor.wait_for_request()
        program.send("cancel", {"id": 99})
        assert program.answer(99)["error"]["code"] == -32800
        vendor.wait_until_left()
    assert program.status == 0 and program.stderr == ""


def test_eight_calls_run_at_once(vendor: server.Vendor) -> None:
    env = {"OPENAI_API_KEY": openai.KEY, "OPENAI_BASE_URL": f"{vendor.url}/v1"}
    vendor.always(server.silence())
    with Program("vox_providers.openai_tts", env) as program:
        assert program.call("models")["result"]["maxConcurrency"] == 8
        for number in range(10, 20):
            program.send("synthesize", {"modelId": "tts-1", "input": TEXT, "format": "wav"}, number)
        for _ in range(8):
            vendor.wait_for_request()
        for number in range(19, 9, -1):  # those that wait first, so that none of them takes a free place
            program.send("cancel", {"id": number})
        assert {program.receive()["id"] for _ in range(10)} == set(range(10, 20))
    assert (vendor.most_at_once, len(vendor.seen)) == (8, 8)
