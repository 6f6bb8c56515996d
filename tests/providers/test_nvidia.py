"""NVIDIA's TTS, against a server on this machine that answers as the API reference says."""

from collections.abc import Iterator

import pytest
from starlette.responses import JSONResponse, Response

from tests.providers.vendors import nvidia as api
from tests.providers.vendors.remote import SPEAKS, TEXT, failed, lead, say, wave_of
from tests.providers.vendors.server import Vendor, answer, refuse, silence
from tests.providers.vendors.sounds import clip_pcm, clip_wav
from vox_providers import _nvidia_voices
from vox_providers import nvidia as program

MODEL = program.MODEL
ARIA = "Magpie-Multilingual.EN-US.Aria"


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    with Vendor(api.app) as vendor:
        yield vendor


@pytest.fixture
def vendor(running: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    return lead(SPEAKS[2], running, monkeypatch)


def test_the_request_is_what_the_reference_says(vendor: Vendor) -> None:
    result, audio = say(program, model=MODEL, voiceId="Magpie-Multilingual.DE-DE.Leo")
    (seen,) = vendor.seen
    assert (seen.method, seen.path) == ("POST", "/v1/audio/synthesize")
    assert seen.headers["authorization"] == f"Bearer {api.KEY}"
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert seen.form == {
        "text": TEXT,
        "language": "de-DE",
        "voice": "Magpie-Multilingual.DE-DE.Leo",
        "encoding": "LINEAR_PCM",
        "sample_rate_hz": "44100",
    }
    assert (result["voiceId"], result["language"]) == ("Magpie-Multilingual.DE-DE.Leo", "de-DE")
    assert wave_of(audio) == (44_100, 1, clip_pcm(1))


def test_all_voices_are_those_of_the_server(vendor: Vendor) -> None:
    voices = {voice["id"]: voice for voice in program.voices(None)}
    (seen,) = vendor.seen
    assert (seen.method, seen.path, seen.headers["authorization"]) == (
        "GET",
        "/v1/audio/list_voices",
        f"Bearer {api.KEY}",
    )
    assert set(voices) == set(api.VOICES)
    assert [name for name, voice in voices.items() if voice["default"]] == [ARIA]
    happy = voices[f"{ARIA}.Happy"]
    assert (happy["name"], happy["language"], happy["available"]) == ("Aria (Happy)", "en-US", True)
    program.voices(MODEL)
    assert len(vendor.seen) == 1
    assert failed(lambda: program.voices("another")).code == "model_not_found"


def test_ten_thousand_voices_in_groups(vendor: Vendor) -> None:
    groups = {
        f"group {group}": {"voices": [f"Magpie-Multilingual.DE-DE.Nr{group}x{n}" for n in range(1000)]}
        for group in range(10)
    }
    vendor.next(answer(JSONResponse({**groups, "again": groups["group 0"], "odd": [1], "none": {"voices": None}})))
    assert len(program.voices(MODEL)) == 10_000


@pytest.mark.parametrize("body", [{}, [], None, {"en-US": {"voices": [1, "", " "]}}, {"voices": "all"}])
def test_a_list_without_voices(vendor: Vendor, body: object) -> None:
    vendor.next(answer(JSONResponse(body)))
    assert failed(lambda: program.voices(MODEL)).code == "provider_misbehaved"


def test_without_a_key_the_default_voice_is_shown(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NV_API_KEY")
    (voice,) = program.voices(MODEL)
    assert (voice["id"], voice["available"], voice["default"]) == (ARIA, False, True)
    assert vendor.seen == []


def test_an_old_list_is_asked_for_again(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    program.voices(MODEL)
    monkeypatch.setattr(_nvidia_voices, "_FRESH_S", 0.0)
    program.voices(MODEL)
    assert len(vendor.seen) == 2


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        (None, ARIA),
        ("en", ARIA),
        ("en_US", ARIA),
        ("en-GB", ARIA),
        ("de", "Magpie-Multilingual.DE-DE.Aria"),
        ("de-AT", "Magpie-Multilingual.DE-DE.Aria"),
        ("fr-FR", "Magpie-Multilingual.FR-FR.Pascal"),
    ],
)
def test_a_language_chooses_the_voice(vendor: Vendor, language: str | None, voice: str) -> None:
    assert say(program, model=MODEL, language=language)[0]["voiceId"] == voice
    assert vendor.seen[-1].form["language"].lower() == voice.split(".")[1].lower()


def test_a_language_without_a_voice(vendor: Vendor) -> None:
    error = failed(lambda: say(program, model=MODEL, language="fi"))
    assert (error.rpc_code, error.data["languages"]) == (-32602, ["de-DE", "en-US", "es-US", "fr-FR", "zh-CN"])


def test_an_unknown_voice_is_found_out_after_the_refusal(vendor: Vendor) -> None:
    error = failed(lambda: say(program, model=MODEL, voiceId="Magpie-Multilingual.EN-US.Jaason"))
    assert (error.code, error.data["nearest"][0]) == ("voice_not_found", "Magpie-Multilingual.EN-US.Jason")


def test_a_refusal_for_another_reason_stays_what_it_is(vendor: Vendor) -> None:
    vendor.next(refuse(400, {"error": "Text is not normalised"}))
    error = failed(lambda: say(program, model=MODEL))
    assert (error.code, error.data["httpStatus"]) == (None, 400)
    assert "Text is not normalised" in error.message


def test_looking_for_the_reason_takes_no_more_time_than_there_is(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOX_NVIDIA_TTS_TIMEOUT_SECONDS", "0.5")
    vendor.next(refuse(400, {"error": "Inference failed"}), silence())
    assert "Inference failed" in failed(lambda: say(program, model=MODEL)).message
    vendor.wait_until_left()


@pytest.mark.parametrize("kind", ["application/octet-stream", "audio/l16", "audio/pcm"])
def test_samples_become_a_wav(vendor: Vendor, kind: str) -> None:
    vendor.next(answer(Response(clip_pcm(0.5), media_type=kind)))
    assert wave_of(say(program, model=MODEL)[1]) == (44_100, 1, clip_pcm(0.5))


def test_a_wav_is_one_whatever_its_type(vendor: Vendor) -> None:
    vendor.next(answer(Response(clip_wav(0.5, 22_050), media_type="application/octet-stream")))
    assert wave_of(say(program, model=MODEL)[1]) == (22_050, 1, clip_pcm(0.5))


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, b"\1\0\1", "application/octet-stream", "provider_misbehaved"),
        (200, clip_pcm(0.1), "audio/wav", "provider_misbehaved"),
        (200, clip_wav(0.5)[:-7], "audio/wav", "provider_misbehaved"),
        (202, b"", "application/octet-stream", "provider_timeout"),
    ],
    ids=["half-a-sample", "no-wav", "short", "pending"],
)
def test_what_is_no_audio_is_refused(vendor: Vendor, status: int, body: bytes, kind: str, code: str) -> None:
    vendor.next(answer(Response(body, status, media_type=kind)))
    assert failed(lambda: say(program, model=MODEL)).code == code


def test_two_thousand_characters_at_once(vendor: Vendor) -> None:
    say(program, "a" * 2000, model=MODEL)
    error = failed(lambda: say(program, "a" * 2001, model=MODEL))
    assert (error.code, error.data) == ("text_too_long", {"limit": 2000, "length": 2001})
    assert len(vendor.seen) == 1
    assert failed(lambda: say(program, model="another")).code == "model_not_found"


def test_the_first_name_of_the_key_wins(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVIDIA_API_KEY", "nvapi-wrong")
    say(program, model=MODEL)
    monkeypatch.delenv("NV_API_KEY")
    assert failed(lambda: say(program, model=MODEL)).code == "unauthorized"
    monkeypatch.setenv("NVIDIA_API_KEY", api.KEY)
    say(program, model=MODEL)


def test_each_address_can_be_named(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVIDIA_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NVIDIA_SYNTHESIZE_URL", f"{vendor.url}/v1/audio/synthesize")
    monkeypatch.setenv("NVIDIA_VOICES_URL", f"{vendor.url}/v1/audio/list_voices")
    say(program, model=MODEL)
    program.voices(MODEL)
    monkeypatch.setenv("NVIDIA_TTS_URL", "http://127.0.0.1:9")
    assert failed(lambda: say(program, model=MODEL)).code == "provider_unavailable"
    monkeypatch.setenv("NVIDIA_TTS_URL", "not an address")
    assert "NVIDIA_TTS_URL" in failed(lambda: say(program, model=MODEL)).message


def test_the_base_may_end_with_its_version(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVIDIA_BASE_URL", f"{vendor.url}/v1/")
    say(program, model=MODEL)
    assert vendor.seen[0].path == "/v1/audio/synthesize"


def test_the_clock_is_a_minute_and_two_at_most() -> None:
    assert (program._TIME_S, program._MOST_S) == (60, 120)


@pytest.mark.parametrize(
    ("voice", "language", "shown"),
    [
        ("Magpie-Multilingual.ZH-CN.Mia.Calm", "zh-CN", "Mia (Calm)"),
        ("English-US.Female-1", "en-US", "Female-1"),
        ("somebody", "en-US", "somebody"),
        ("Model.fr-fr", "fr-FR", "fr-fr"),
    ],
)
def test_a_voices_name_holds_its_language(voice: str, language: str, shown: str) -> None:
    assert (_nvidia_voices.language(voice), _nvidia_voices.shown(voice)) == (language, shown)
