"""MiniMax, against a server on this machine that answers as the API reference says, and worse."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, Response

from tests.providers.program import Program
from tests.providers.vendors.minimax import CLONED, KEY, MODELS, events, minimax, refusal, spoken, told
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
from vox_providers import _minimax_answer
from vox_providers import minimax as program

TEXT = "The quick brown fox jumps over the lazy dog."
NARRATOR = "English_expressive_narrator"


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    with Vendor(minimax()) as vendor:
        yield vendor


@pytest.fixture
def vendor(running: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    for name in ("VOX_ENTRY_ENV", "VOX_MINIMAX_TTS_TIMEOUT_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    monkeypatch.setenv("MINIMAX_BASE_URL", f"{running.url}/v1/")
    running.seen.clear()
    return running


def say(text: str = TEXT, model: str = "speech-2.8-hd", **params: object) -> tuple[dict[str, Any], bytes]:
    """What the daemon gets for a text: the result, and the audio in it."""
    call = Call("synthesize", {"modelId": model, "input": text, **params})
    return complete_speech(call, program.synthesize(call), time.perf_counter())


def failed(run: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        run()
    return raised.value


def stream_of(*lines: bytes) -> Response:
    return Response(b"".join(lines), media_type="text/event-stream")


# Models, voices and settings


def test_models_can_be_used_when_there_is_a_key(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    found = program.models()
    assert found["features"] == ["remote"]
    assert [model["id"] for model in found["models"]] == MODELS.split()
    assert all(model["available"] and model["installed"] and "remedy" not in model for model in found["models"])
    monkeypatch.delenv("MINIMAX_API_KEY")
    for model in program.models()["models"]:
        assert not model["available"] and not model["installed"] and "MINIMAX_API_KEY" in model["remedy"]
    assert vendor.seen == []


def test_an_empty_key_of_the_entry_hides_that_of_the_daemon(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_ENTRY_ENV", "MINIMAX_API_KEY")
    monkeypatch.setenv("MINIMAX_API_KEY", "")
    for run in (say, lambda: program.preload(Call("preload", {"modelId": "speech-01-hd"}))):
        error = failed(run)
        assert error.code == "unauthorized" and "Set MINIMAX_API_KEY" in error.message
    assert vendor.seen == []


def test_preload_looks_at_the_settings(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[dict[str, Any]] = []
    call = Call("preload", {"modelId": "speech-01-hd"}, lambda method, params: found.append(params))
    assert program.preload(call)["available"] is True
    assert [(params["progress"], params["status"]) for params in found] == [(0.2, "starting"), (1.0, "ready")]
    monkeypatch.setenv("MINIMAX_BASE_URL", "api.minimax.io")
    assert "MINIMAX_BASE_URL" in failed(lambda: program.preload(call)).message
    assert vendor.seen == []


def test_an_unknown_model_is_refused_before_anything_is_sent(vendor: Vendor) -> None:
    error = failed(lambda: say(model="speech-2.9-hd"))
    assert error.code == "model_not_found" and "speech-2.8-hd" in error.data["nearest"]
    assert failed(lambda: program.voices("speech")).code == "model_not_found"
    assert vendor.seen == []


def test_the_voices_of_the_account_are_listed(vendor: Vendor) -> None:
    found = {voice["id"]: voice for voice in program.voices("speech-02-hd")}
    assert list(found)[:5] == [
        NARRATOR,
        "English_radiant_girl",
        "English_magnetic_voiced_man",
        "English_compelling_lady1",
        "English_CalmWoman",
    ]
    assert found[CLONED] == {"id": CLONED, "name": CLONED, "default": False, "modelId": "speech-02-hd"}
    languages = {voice: found[voice].get("language") for voice in list(found)[-4:]}
    assert languages == {
        "English_CalmWoman": "en",
        "Chinese (Mandarin)_News_Anchor": "zh",
        "Cantonese_Lady": "yue",
        CLONED: None,
    }
    assert [voice["id"] for voice in found.values() if voice["default"]] == [NARRATOR]
    assert say(voiceId=CLONED)[0]["voiceId"] == CLONED


@pytest.mark.parametrize(
    "behaviour",
    [
        refuse(404, "404 page not found"),
        answer(JSONResponse(refusal(1004, "login fail"))),
        answer(JSONResponse({"system_voice": 7, "voice_cloning": [None, {"voice_id": 1}, {"voice_id": "a\nb"}]})),
        html(200),
    ],
)
def test_without_such_a_list_there_are_those_of_every_account(vendor: Vendor, behaviour: Any) -> None:
    vendor.next(behaviour)
    assert len(program.voices(None)) == 5


def test_without_a_key_no_voice_is_available(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIMAX_API_KEY", "")
    found = program.voices(None)
    assert len(found) == 5 and not any(voice["available"] for voice in found)
    assert vendor.seen == []


# Speech


def test_speaks_as_the_reference_says(vendor: Vendor) -> None:
    result, audio = say(speed=1.5, language="de-DE", voiceId="English_CalmWoman")
    assert (result["voiceId"], result["contentType"]) == ("English_CalmWoman", "audio/wav")
    assert samples_of(audio, "audio/wav") == (spoken(TEXT), 32_000)
    assert result["metrics"]["billedCharacters"] == 44 and result["metrics"]["vendorAudioMs"] == 2200
    assert result["metrics"]["audioDurationMs"] == pytest.approx(50 * len(TEXT), abs=1)
    (seen,) = vendor.seen
    assert (seen.method, seen.path, seen.headers["authorization"]) == ("POST", "/v1/t2a_v2", f"Bearer {KEY}")
    assert seen.json() == {
        "model": "speech-2.8-hd",
        "text": TEXT,
        "stream": False,
        "language_boost": "German",
        "output_format": "hex",
        "voice_setting": {"voice_id": "English_CalmWoman", "speed": 1.5, "vol": 1, "pitch": 0},
        "audio_setting": {"sample_rate": 32000, "bitrate": 128000, "format": "wav", "channel": 1},
    }


def test_streams_what_arrives(vendor: Vendor) -> None:
    heard: list[dict[str, Any]] = []
    params = {"modelId": "speech-2.8-turbo", "input": TEXT, "stream": True}
    call = Call("synthesize", params, lambda method, params: heard.append(params))
    result = program.synthesize(call)
    assert result["voiceId"] == NARRATOR and result["metrics"]["billedCharacters"] == 44
    assert len(heard) > 5 and heard[0]["sampleRate"] == 32_000
    assert b"".join(base64.b64decode(params["audioBase64"]) for params in heard) == spoken(TEXT)
    body = vendor.seen[0].json()
    assert body["stream"] is True and body["audio_setting"]["format"] == "pcm" and body["language_boost"] == "auto"
    assert body["stream_options"] == {"exclude_aggregated_audio": True}


def test_a_summary_that_repeats_the_speech_is_not_heard_twice(vendor: Vendor) -> None:
    vendor.next(answer(stream_of(*events(spoken(TEXT), aggregated=True))))
    result, _ = say(stream=True)
    assert result["metrics"]["outputBytes"] == len(spoken(TEXT))
    vendor.next(answer(stream_of(events(spoken(TEXT), aggregated=True)[-1])))
    assert say(stream=True)[0]["metrics"]["outputBytes"] == len(spoken(TEXT))


@pytest.mark.parametrize("params", [{"speed": 0.4}, {"speed": 2.1}, {"text": " "}, {"text": "…!"}])
def test_what_it_cannot_do_is_not_sent(vendor: Vendor, params: dict[str, Any]) -> None:
    assert failed(lambda: say(**params)).rpc_code == -32602
    assert vendor.seen == []


def test_the_limits_are_told(vendor: Vendor) -> None:
    error = failed(lambda: say("a" * 10_000))
    assert error.code == "text_too_long" and error.data == {"limit": 9_999, "length": 10_000}
    assert failed(lambda: say(voiceId="x" * 257)).code == "voice_not_found"
    assert failed(lambda: say(voiceId="a\nb")).code == "voice_not_found"
    assert vendor.seen == []


# Refusals


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("number", "message", "code"),
    [
        (1000, "unknown error", None),
        (1001, "request timeout", "provider_timeout"),
        (1002, "rate limit", "rate_limited"),
        (1004, "not authorized", "unauthorized"),
        (1008, "insufficient balance", "payment_required"),
        (1039, "TPM rate limit", "rate_limited"),
        (2013, "invalid params, empty field", None),
        (2013, "invalid params, voice_id is wrong", "voice_not_found"),
        (2042, "no access to this voice_id", "voice_not_found"),
        (2049, "invalid api key", "unauthorized"),
        (2054, "voice id not exist", "voice_not_found"),
        (2056, "usage limit exceeded", "payment_required"),
        (20132, "invalid samples or voice_id", "voice_not_found"),
    ],
)
def test_a_refusal_with_http_200(vendor: Vendor, stream: bool, number: int, message: str, code: str | None) -> None:
    vendor.next(answer(JSONResponse(refusal(number, message))))
    error = failed(lambda: say(stream=stream))
    assert error.code == code and message in error.message and f"code {number}" in error.message
    assert error.data["vendorCode"] == number and len(vendor.seen) == 1
    vendor.next(answer(stream_of(b"data: " + json.dumps(refusal(number, message)).encode() + b"\n\n")))
    assert failed(lambda: say(stream=True)).code == code


@pytest.mark.parametrize(
    ("status", "body", "headers", "code"),
    [
        (401, refusal(1004, "login fail"), {}, "unauthorized"),
        (402, {"error": "pay"}, {}, "payment_required"),
        (404, "404 page not found", {}, None),
        (413, "too large", {}, "text_too_long"),
        (429, {"error": {"message": "slow down"}}, {"retry-after": "40"}, "rate_limited"),
        (500, {"message": "broken"}, {}, None),
        (500, refusal(1002, "rate limit"), {}, "rate_limited"),
        (503, "down", {}, "provider_unavailable"),
    ],
)
def test_a_refusal_by_status(
    vendor: Vendor, status: int, body: object, headers: dict[str, str], code: str | None
) -> None:
    vendor.next(refuse(status, body, headers))
    error = failed(say)
    assert error.code == code and f"(HTTP {status}" in error.message
    assert error.data.get("retryAfterMs") == (40_000 if headers else None)
    assert len(vendor.seen) == 1


def test_a_voice_of_nobody(vendor: Vendor) -> None:
    assert failed(lambda: say(voiceId="Nobody_1")).code == "voice_not_found"


def test_neither_text_nor_key_is_repeated(vendor: Vendor) -> None:
    for behaviour in (
        answer(JSONResponse(refusal(2013, f"bad {TEXT} {KEY}"))),
        refuse(400, refusal(1, f"{TEXT} {KEY}")),
    ):
        vendor.next(behaviour)
        message = failed(say).message
        assert KEY not in message and "quick brown" not in message


# Answers that are none


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "behaviour",
    [
        silence(),
        drip(json.dumps(told(bytes(5000))).encode(), "application/json"),
        drip(b": still working\n\n" * 200, "text/event-stream"),
    ],
)
def test_the_clock_wins(vendor: Vendor, monkeypatch: pytest.MonkeyPatch, behaviour: Any, stream: bool) -> None:
    monkeypatch.setenv("VOX_MINIMAX_TTS_TIMEOUT_SECONDS", "0.4")
    vendor.next(behaviour)
    begun = time.monotonic()
    error = failed(lambda: say(stream=stream))
    assert error.code == "provider_timeout" and "after 0.4 seconds" in error.message
    assert time.monotonic() - begun < 2
    vendor.wait_until_left()


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (truncated(json.dumps(told(bytes(5000))).encode(), "application/json"), "provider_unavailable"),
        (reset(), "provider_unavailable"),
        (html(200), "provider_misbehaved"),
        (html(502), "provider_unavailable"),
        (answer(JSONResponse(told(b""))), "provider_misbehaved"),
        (answer(JSONResponse(told(spoken(TEXT)))), "provider_misbehaved"),
        (
            answer(JSONResponse({"data": {"audio": "no digits"}, "base_resp": {"status_code": 0}})),
            "provider_misbehaved",
        ),
        (answer(JSONResponse({"data": None, "base_resp": {"status_code": 0}})), "provider_misbehaved"),
        (answer(JSONResponse({"data": [], "base_resp": None})), "provider_misbehaved"),
        (answer(JSONResponse([1])), "provider_misbehaved"),
        (answer(Response(b"RIFF", media_type="audio/wav")), "provider_misbehaved"),
    ],
)
def test_what_is_no_speech_is_refused(vendor: Vendor, behaviour: Any, code: str) -> None:
    vendor.next(behaviour)
    error = failed(say)
    assert error.code == code and "MiniMax" in error.message and "<" not in error.message
    assert len(vendor.seen) == 1


@pytest.mark.parametrize(
    "lines",
    [
        [],
        events(spoken(TEXT))[:-1],
        [b"data: {no json}\n\n"],
        [b"<html></html>\n"],
        [b"data: [1]\n\n"],
        [b'data: {"data": {"audio": "0g"}}\n\n'],
        [b"data: " + json.dumps(told(b"\1\2\3", 1)).encode() + b"\n\n", events(b"")[-1]],
    ],
)
def test_a_stream_that_is_none_is_refused(vendor: Vendor, lines: list[bytes]) -> None:
    vendor.next(answer(stream_of(*lines)))
    assert failed(lambda: say(stream=True)).code == "provider_misbehaved"


def test_an_event_without_end_is_left(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_minimax_answer, "_LONGEST_EVENT", 1000)
    vendor.next(answer(stream_of(b"data: " + b"0" * 5000)))
    assert "more than 1000 bytes" in failed(lambda: say(stream=True)).message


def test_a_redirect_is_not_followed(vendor: Vendor) -> None:
    vendor.next(redirect("https://elsewhere.invalid/"))
    assert "MINIMAX_BASE_URL" in failed(say).message
    assert len(vendor.seen) == 1


def test_a_cancelled_call_closes_its_connection(vendor: Vendor) -> None:
    vendor.next(slow(JSONResponse(told(bytes(100)))))
    while vendor.arrived.acquire(blocking=False):
        pass
    call = Call("synthesize", {"modelId": "speech-02-hd", "input": TEXT})
    errors: list[ProviderError] = []
    thread = threading.Thread(target=lambda: errors.append(failed(lambda: program.synthesize(call))))
    thread.start()
    vendor.wait_for_request()
    call.cancel()
    thread.join(10)
    vendor.wait_until_left()
    assert [error.rpc_code for error in errors] == [-32800]


@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers()), max_size=5), st.integers(1, 40))
def test_events_are_the_same_however_they_arrive(wanted: list[dict[str, int]], size: int) -> None:
    data = b"".join(b": note\r\ndata: %s\r\n\r\n" % json.dumps(event).encode() for event in wanted) + b"data: [DONE]"
    assert list(_minimax_answer.events(data[at : at + size] for at in range(0, len(data), size))) == wanted


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["data", "base_resp", "extra_info", "audio", "status_code", "usage_characters"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_no_answer_breaks_the_reader(found: Any) -> None:
    try:
        _minimax_answer.check(found, ("text", "key"))
    except ProviderError:
        return
    assert all(value >= 0 for value in _minimax_answer.metrics(found).values())
    try:
        assert isinstance(_minimax_answer.sound_of(found), bytes)
    except ProviderError as error:
        assert error.code == "provider_misbehaved"


# The program


def test_the_program_speaks_and_keeps_its_key(vendor: Vendor) -> None:
    environment = {"MINIMAX_API_KEY": KEY, "MINIMAX_BASE_URL": f"{vendor.url}/v1"}
    with Program("vox_providers.minimax", environment) as running:
        models = running.call("models")["result"]
        assert models["maxConcurrency"] == 8 and {"remote", "synthesize.stream"} <= set(models["features"])
        speech = running.call("synthesize", modelId="speech-01-hd", input=TEXT, format="wav")["result"]
        assert base64.b64decode(speech["audioBase64"])[:4] == b"RIFF"
        vendor.next(answer(JSONResponse(refusal(2049, f"invalid api key {KEY}"))))
        error = running.call("synthesize", modelId="speech-01-hd", input=TEXT, format="wav")["error"]
        assert error["data"]["code"] == "unauthorized" and KEY not in json.dumps(error)
    assert running.status == 0 and KEY not in running.stderr


def test_longer_texts_have_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOX_MINIMAX_TTS_TIMEOUT_SECONDS", raising=False)
    limits = [program._speaking_s(Call("synthesize", {"input": "a" * length})) for length in (0, 1000, 90_000)]
    assert limits == [60, 80, 900]
    monkeypatch.setenv("VOX_MINIMAX_TTS_TIMEOUT_SECONDS", "5000")
    assert program._speaking_s(Call("synthesize", {"input": "a"})) == 900
