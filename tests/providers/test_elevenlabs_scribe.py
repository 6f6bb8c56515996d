"""Scribe, the recogniser of ElevenLabs, against a server on this machine that answers as the API reference says."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.responses import JSONResponse

from tests.providers.vendors.elevenlabs import KEY, detail, elevenlabs
from tests.providers.vendors.server import Vendor, answer, html, refuse, reset, silence, truncated
from vox.provider import Call, ProviderError
from vox_providers import elevenlabs as program


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    with Vendor(elevenlabs()) as vendor:
        yield vendor


@pytest.fixture
def vendor(running: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    for name in ("VOX_ENTRY_ENV", "VOX_ELEVENLABS_ASR_TIMEOUT_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ELEVENLABS_API_KEY", KEY)
    monkeypatch.setenv("ELEVENLABS_BASE_URL", running.url)
    running.seen.clear()
    return running


def hear(path: Path | str, **params: object) -> dict[str, Any]:
    return program.transcribe(Call("transcribe", {"modelId": "scribe_v2", "path": str(path), **params}))


def failed(run: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        run()
    return raised.value


@pytest.fixture
def clip(clips: dict[str, tuple[Path, str]]) -> Path:
    return clips["jfk"][0]


def test_scribe_is_asked_as_the_reference_says(vendor: Vendor, clip: Path) -> None:
    result = hear(clip)
    assert result["text"].startswith("It lasts 11.0 seconds") and result["language"] == "en"
    assert [segment["text"] for segment in result["segments"]] == ["It lasts 11.0 seconds."]
    assert "words" not in result
    (seen,) = vendor.seen
    assert (seen.method, seen.path) == ("POST", "/v1/speech-to-text") and seen.headers["xi-api-key"] == KEY
    name, kind, data = seen.form.pop("file")
    assert (name, kind, data) == ("recording.wav", "audio/wav", clip.read_bytes())
    assert seen.form == {
        "model_id": "scribe_v2",
        "timestamps_granularity": "word",
        "tag_audio_events": "false",
        "diarize": "false",
    }


def test_words_language_and_hotwords(vendor: Vendor, clip: Path) -> None:
    result = hear(clip, words=True, language="en-US", hotwords=["Kennedy", " fellow Americans "], temperature=0.2)
    form = vendor.seen[0].form
    assert form["language_code"] == "en" and form["temperature"] == "0.2"
    assert form["keyterms"] == ["Kennedy", "fellow Americans"]
    assert [word["word"] for word in result["words"]] == ["It", "lasts", "11.0", "seconds."]
    first = result["words"][0]
    assert first == {"word": "It", "start": 0.0, "end": 2.475, "confidence": 0.9048}


def test_an_answer_may_lack_everything_but_the_text(vendor: Vendor, clip: Path) -> None:
    odd = [
        None,
        {"text": "a"},
        {"text": "b", "type": "word", "start": 2, "end": 1},
        {"type": "audio_event", "text": "(x)"},
    ]
    vendor.next(answer(JSONResponse({"text": " one two ", "words": odd})))
    assert hear(clip, words=True) == {"text": "one two", "words": []}
    vendor.next(answer(JSONResponse({"words": []})))
    assert failed(lambda: hear(clip)).code == "provider_misbehaved"


def test_languages_without_spaces_get_none(vendor: Vendor, clip: Path) -> None:
    words = [{"text": "你", "type": "word", "start": 0, "end": 1}, {"text": "好", "type": "word", "start": 1, "end": 2}]
    vendor.next(answer(JSONResponse({"text": "你好", "language_code": "zho", "words": words})))
    result = hear(clip, words=True)
    assert (result["text"], result["language"]) == ("你好", "zh") and "segments" not in result


@pytest.mark.parametrize("params", [{"task": "translate"}, {"hotwords": ["x" * 51]}, {"hotwords": ["x"] * 1001}])
def test_what_scribe_cannot_do_is_not_sent(vendor: Vendor, clip: Path, params: dict[str, Any]) -> None:
    assert failed(lambda: hear(clip, **params)).rpc_code == -32602
    assert vendor.seen == []


def test_recordings_that_cannot_be_heard(vendor: Vendor, wav: Callable[..., str], tmp_path: Path) -> None:
    assert hear(wav(np.zeros(800))) == {"text": ""}
    assert vendor.seen == []
    assert failed(lambda: hear(tmp_path / "none.wav")).code == "unsupported_audio"


def test_scribe_has_a_clock_too(vendor: Vendor, monkeypatch: pytest.MonkeyPatch, clip: Path) -> None:
    monkeypatch.setenv("VOX_ELEVENLABS_ASR_TIMEOUT_SECONDS", "0.3")
    vendor.next(silence())
    assert failed(lambda: hear(clip)).code == "provider_timeout"
    vendor.wait_until_left()


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (refuse(401, detail("invalid_api_key", "Invalid API key")), "unauthorized"),
        (refuse(401, detail("quota_exceeded", "No credits.")), "payment_required"),
        (refuse(429, detail("concurrent_limit_exceeded", "Wait.")), "rate_limited"),
        (refuse(500, {"detail": "Internal error"}), None),
        (html(200), "provider_misbehaved"),
        (answer(JSONResponse(["text"])), "provider_misbehaved"),
        (reset(), "provider_unavailable"),
        (truncated(b'{"text": "one two"}', "application/json"), "provider_unavailable"),
    ],
)
def test_what_goes_wrong_is_told(vendor: Vendor, clip: Path, behaviour: Any, code: str | None) -> None:
    vendor.next(behaviour)
    assert failed(lambda: hear(clip)).code == code
    assert len(vendor.seen) == 1


def test_longer_recordings_have_longer(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [program._hearing_s(length) for length in (0, 600_000, 4e9)] == [60, 180, 7200]
    monkeypatch.setenv("VOX_ELEVENLABS_ASR_TIMEOUT_SECONDS", "nonsense")
    assert program._hearing_s(0) == 60
