"""Recognition by OpenAI's API, against a server of this machine that behaves as its reference says."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from starlette.responses import JSONResponse

from tests.providers.program import Program
from tests.providers.vendors import openai, server
from tests.providers.vendors.sounds import CLIP
from vox.provider import Call, ProviderError
from vox_providers import openai_asr

SETTINGS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ASR_TIMEOUT_SECONDS",
    "VOX_OPENAI_ASR_TIMEOUT_SECONDS",
    "VOX_OPENAI_ASR_MODELS",
    "VOX_ENTRY_ENV",
)
SENT = ("audio.wav", "audio/wav", CLIP.read_bytes())


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
    openai_asr.vendor.close()


def call(**params: Any) -> Call:
    return Call("transcribe", {"modelId": "gpt-transcribe", "path": str(CLIP), **params})


def refused(**params: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        openai_asr.transcribe(call(**params))
    return caught.value


def test_the_models_are_the_published_ones(vendor: server.Vendor) -> None:
    told = openai_asr.models()
    assert {model["id"]: model["words"] for model in told["models"]} == {
        "gpt-transcribe": False,
        "gpt-4o-transcribe": False,
        "gpt-4o-mini-transcribe": False,
        "whisper-1": True,
    }
    assert all(model["installed"] and model["available"] for model in told["models"])
    assert told["features"] == ["remote"] and vendor.seen == []


def test_without_a_key_nothing_is_installed_and_one_line_says_what_to_do(
    vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    for model in openai_asr.models()["models"]:
        assert (model["installed"], model["available"]) == (False, False) and "OPENAI_API_KEY" in model["remedy"]
    for method in (openai_asr.install, openai_asr.preload, openai_asr.transcribe):
        with pytest.raises(ProviderError, match=r"OpenAI ASR needs a key\. Set OPENAI_API_KEY") as caught:
            method(call())
        assert caught.value.code == "unauthorized"
    assert vendor.seen == []


def test_a_request_is_what_the_reference_says(vendor: server.Vendor) -> None:
    asked = call(language="en-GB", prompt="Numbers.", hotwords=["three", "four"], temperature=0.2, words=True)
    assert openai_asr.transcribe(asked) == {"text": openai.SAID}
    seen = vendor.seen[0]
    assert (seen.method, seen.path) == ("POST", "/v1/audio/transcriptions")
    assert seen.headers["authorization"] == f"Bearer {openai.KEY}"
    assert seen.form == {
        "model": "gpt-transcribe",
        "response_format": "json",
        "language": "en",
        "prompt": "Numbers.\nthree, four",
        "temperature": "0.2",
        "file": SENT,
    }


def test_nothing_is_sent_unasked(vendor: server.Vendor) -> None:
    openai_asr.transcribe(call(modelId="gpt-4o-mini-transcribe"))
    assert vendor.seen[0].form == {"model": "gpt-4o-mini-transcribe", "response_format": "json", "file": SENT}


def test_whisper_tells_language_segments_and_words(vendor: server.Vendor) -> None:
    result = openai_asr.transcribe(call(modelId="whisper-1", words=True))
    assert [word["word"] for word in result["words"]] == ["I", "can", "count", "to", "three"]
    assert result["segments"] == [{"id": 0, "start": 0.0, "end": 1.5, "text": openai.SAID}]
    assert (result["text"], result["language"]) == (openai.SAID, "en")
    form = vendor.seen[0].form
    assert form["response_format"] == "verbose_json" and form["timestamp_granularities[]"] == ["word", "segment"]
    assert "words" not in openai_asr.transcribe(call(modelId="whisper-1"))
    assert "timestamp_granularities[]" not in vendor.seen[1].form


def test_whisper_translates_into_english(vendor: server.Vendor) -> None:
    result = openai_asr.transcribe(call(modelId="whisper-1", task="translate", language="de", words=True))
    assert (result["text"], result["language"]) == (openai.SAID, "en")
    seen = vendor.seen[0]
    assert seen.path == "/v1/audio/translations"
    assert seen.form == {"model": "whisper-1", "response_format": "verbose_json", "file": SENT}
    assert "whisper-1 does, into English" in refused(task="translate").message and len(vendor.seen) == 1


def test_openai_itself_has_no_other_models(vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    error = refused(modelId="whisper-2")
    assert error.code == "model_not_found" and error.data["nearest"] == ["whisper-1"]


def test_a_server_of_ones_own_has_its_own_models(vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_OPENAI_ASR_MODELS", "Systran/faster-whisper-small")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with server.Vendor(openai.app(keyless=True)) as own:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{own.url}/v1")
        (model,) = openai_asr.models()["models"]
        assert model["id"] == "Systran/faster-whisper-small" and model["words"]
        assert len(openai_asr.transcribe(call(modelId=model["id"], words=True))["words"]) == 5
        assert openai_asr.transcribe(call(modelId="another")) == {"text": openai.SAID}
        assert [seen.form["response_format"] for seen in own.seen] == ["verbose_json", "json"]
        openai_asr.vendor.close()


@pytest.mark.parametrize("temperature", [-0.1, 1.1, float("nan")])
def test_a_temperature_has_bounds(vendor: server.Vendor, temperature: float) -> None:
    assert "temperature must be between 0 and 1" in refused(temperature=temperature).message and vendor.seen == []


@pytest.mark.parametrize(
    ("behaviour", "code", "message"),
    [
        (server.refuse(401, {"error": {"message": "No such key."}}), "unauthorized", "Check OPENAI_API_KEY."),
        (server.refuse(402, {"error": {"message": "No credit."}}), "payment_required", "(HTTP 402): No credit."),
        (server.answer(openai.error(404, "No such model.", "model_not_found")), "model_not_found", "(HTTP 404)"),
        (server.refuse(413, {"error": {"message": "26 MB."}}), "audio_too_large", "26 MB. Cut the recording"),
        (server.refuse(415, {"error": {"message": "Odd."}}), "unsupported_audio", "(HTTP 415): Odd."),
        (server.refuse(429, {}, {"retry-after": "90"}), "rate_limited", "(HTTP 429)"),
        (server.refuse(500, {"error": "Out of luck."}), None, "(HTTP 500): Out of luck."),
        (server.html(), "provider_unavailable", "(HTTP 502): request failed"),
        (server.html(200), "provider_misbehaved", "text/html that is not JSON"),
        (server.answer(JSONResponse({"texts": []})), "provider_misbehaved", "no transcript: it has no text"),
        (server.redirect("https://elsewhere.invalid/"), None, "OPENAI_BASE_URL"),
        (server.reset(), "provider_unavailable", "broke off"),
        (server.truncated(b'{"text": "half of it"}', "application/json"), "provider_unavailable", "broke off"),
    ],
)
def test_a_failure_has_its_code(
    vendor: server.Vendor, behaviour: server.Behaviour, code: str | None, message: str
) -> None:
    vendor.next(behaviour)
    error = refused()
    assert error.code == code and message in error.message and error.message.startswith("OpenAI ASR request failed")
    assert len(vendor.seen) == 1


def test_the_prompt_is_not_repeated(vendor: server.Vendor) -> None:
    vendor.next(server.refuse(400, {"error": {"message": "Bad prompt: my secret plan"}}))
    assert refused(prompt="my secret plan").message.endswith("Bad prompt: [text]")


@pytest.mark.parametrize("behaviour", [server.silence(), server.drip(b" " * 4000)], ids=["silence", "drip"])
def test_the_wall_clock_wins(
    vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch, behaviour: server.Behaviour
) -> None:
    monkeypatch.setenv("OPENAI_ASR_TIMEOUT_SECONDS", "0.4")
    openai_asr.vendor.prepare()
    vendor.next(behaviour)
    begun = time.monotonic()
    assert refused().message == "OpenAI ASR request timed out after 0.4 seconds."
    assert time.monotonic() - begun < 0.9


def test_thirty_seconds_is_the_limit_and_two_minutes_the_longest(
    vendor: server.Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []
    real = openai_asr.vendor.send
    monkeypatch.setattr(openai_asr.vendor, "send", lambda *a, **k: (limits.append(k["within_s"]), real(*a, **k))[1])
    for text in ("nonsense", "0", "45", "999"):
        monkeypatch.setenv("VOX_OPENAI_ASR_TIMEOUT_SECONDS", text)
        openai_asr.transcribe(call())
    assert limits == [30, 30, 45, 120]


def test_a_recording_over_the_limit_is_not_sent(vendor: server.Vendor, wav: Callable[..., str]) -> None:
    noise = np.random.default_rng(1).integers(-30000, 30000, 13_000_000).astype(np.int16)
    error = refused(path=wav(noise))
    assert error.code == "audio_too_large" and "OpenAI takes 25 MB" in error.message and vendor.seen == []


def test_as_a_program(vendor: server.Vendor) -> None:
    env = {"OPENAI_API_KEY": openai.KEY, "OPENAI_BASE_URL": f"{vendor.url}/v1"}
    with Program("vox_providers.openai_asr", env) as program:
        assert program.call("preload", modelId="whisper-1")["result"]["preloaded"]
        result = program.call("transcribe", modelId="whisper-1", path=str(CLIP), words=True)["result"]
        assert (result["text"], len(result["words"])) == (openai.SAID, 5)
        vendor.forget()
        vendor.next(server.silence())
        program.send("transcribe", {"modelId": "whisper-1", "path": str(CLIP)}, 99)
        vendor.wait_for_request()
        program.send("cancel", {"id": 99})
        assert program.answer(99)["error"]["code"] == -32800
        vendor.wait_until_left()
        vendor.next(server.refuse(429, {"error": {"message": "Slow."}}, {"retry-after": "60"}))
        error = program.call("transcribe", modelId="whisper-1", path=str(CLIP))["error"]
        assert error["data"] == {"code": "rate_limited", "httpStatus": 429, "retryAfterMs": 60_000}
    assert program.status == 0 and program.stderr == ""
