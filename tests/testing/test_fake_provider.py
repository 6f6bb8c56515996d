"""A fake provider does what it was told, in this process and behind a real daemon, and is one by the rules."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.conftest import Checked, check, failures
from vox.client import Client
from vox.errors import ProviderBusy, ProviderCrashed, TextTooLong, UnsupportedAudio
from vox.provider import ProviderError
from vox.testing import FakeProvider, MemoryTransport, running_daemon, tones

__all__ = ["check"]  # the fixture


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeProvider, Client]]:
    folder = tmp_path_factory.mktemp("fake")
    fake = FakeProvider(folder / "fake")
    with running_daemon(folder / "home", fake) as client:
        yield fake, client


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(tones(1.0))
    return path


def test_it_conforms(check: Callable[..., Checked], tmp_path: Path) -> None:
    results = check(FakeProvider(tmp_path).command, folder=tmp_path)
    assert failures(results) == {}
    passed = {name for name, result in results.items() if result.outcome == "pass"}
    assert {"partials.text", "stream.audio", "voices.speak", "models.limit"} <= passed


# ---- behind a daemon


def test_it_says_what_it_was_told_once_and_then_the_usual(place: tuple[FakeProvider, Client], recording: Path) -> None:
    fake, client = place
    fake.says("one two", takes_s=0.2)  # those who read along get the newest text, at their own pace
    fake.says("three")
    partials: list[str] = []
    assert client.transcribe(recording, on_partial=lambda partial: partials.append(partial.text)).text == "one two"
    assert partials == ["one", "one two"]
    texts = [client.transcribe(recording).text for _ in range(2)]
    assert texts == ["three", "hello world"]
    fake.usually("as always")
    assert client.transcribe(recording).text == "as always"
    fake.usually("hello world")


def test_it_notes_what_it_was_asked(place: tuple[FakeProvider, Client], recording: Path) -> None:
    fake, client = place
    client.transcribe(recording, language="de")
    client.synthesize("good morning", voice="two")
    heard, spoken = fake.calls[-2:]
    assert (heard["method"], heard["params"]["language"]) == ("transcribe", "de")
    assert (spoken["params"]["input"], spoken["params"]["voiceId"]) == ("good morning", "two")


def test_speech_is_a_tone_of_the_texts_length_or_what_was_told(place: tuple[FakeProvider, Client]) -> None:
    fake, client = place
    assert client.synthesize("x" * 30).duration_s == pytest.approx(1.8)
    with client.synthesize_stream("x" * 30) as stream:
        assert len([chunk for chunk in stream if not chunk.whole]) > 2
    fake.plays(tones(0.5))
    assert client.synthesize("x" * 30).audio == tones(0.5)


def test_errors_reach_the_application_typed(place: tuple[FakeProvider, Client], recording: Path) -> None:
    fake, client = place
    fake.fails("unsupported_audio", "too short for me")
    with pytest.raises(UnsupportedAudio, match="too short for me"):
        client.transcribe(recording)
    fake.fails("text_too_long")
    with pytest.raises(TextTooLong, match="told to answer text_too_long"):
        client.synthesize("a")


def test_busy_is_waited_for_or_told(place: tuple[FakeProvider, Client], recording: Path) -> None:
    fake, client = place
    before = len(fake.calls)
    fake.busy(retry_after_ms=10)
    assert client.transcribe(recording).text == "hello world"
    assert len(fake.calls) == before + 2
    fake.busy()
    with pytest.raises(ProviderBusy):
        client.transcribe(recording, max_wait_s=0)


def test_a_crash_is_tried_again_and_two_are_told(place: tuple[FakeProvider, Client], recording: Path) -> None:
    fake, client = place
    fake.crashes()
    fake.says("from the second process")
    assert client.transcribe(recording).text == "from the second process"
    fake.crashes()
    fake.crashes()
    with pytest.raises(ProviderCrashed, match="told to crash"):
        client.transcribe(recording)


def test_a_daemon_has_other_providers_and_settings_too(tmp_path: Path, recording: Path) -> None:
    fake = FakeProvider(tmp_path / "mine", "mine", kind="asr")
    entry = {"id": "tone", "kind": "tts", "builtin": True}
    with running_daemon(tmp_path / "home", fake, entry, maxAudioSeconds=0.5) as client:
        assert {"mine:asr", "tone:tts"} <= {model.id for model in client.models()}
        home = client.home
        status = json.loads(home.runtime_json.read_text(encoding="utf-8"))
        assert status["pid"]
    assert not home.runtime_json.exists()


def test_a_daemon_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="did not start"), running_daemon(tmp_path, host="192.0.2.1"):
        raise AssertionError("it takes addresses of other machines")


# ---- in this process


def test_it_can_be_asked_in_memory(tmp_path: Path, recording: Path) -> None:
    fake = FakeProvider(tmp_path, "mine")
    fake.says("one")
    fake.plays(tones(0.25))
    fake.busy(retry_after_ms=5)
    with MemoryTransport(fake.provider) as transport:
        assert transport.call("transcribe", {"modelId": "mine:asr", "path": str(recording)})["text"] == "one"
        speech = transport.call("synthesize", {"modelId": "mine:tts", "input": "a"})
        assert base64.b64decode(speech["audioBase64"]) == tones(0.25)
        with pytest.raises(ProviderError, match="told to be busy") as busy:
            transport.call("synthesize", {"modelId": "mine:tts", "input": "a"})
        assert busy.value.data == {"retryAfterMs": 5}


def test_time_is_taken_and_a_cancellation_ends_it(tmp_path: Path, recording: Path) -> None:
    fake = FakeProvider(tmp_path, "mine", max_concurrency=1)
    fake.usually(takes_s=0.05)
    with MemoryTransport(fake.provider, timeout_s=5) as transport:
        result = transport.call("transcribe", {"modelId": "mine:asr", "path": str(recording)})
        assert result["metrics"]["totalMs"] >= 50
        fake.says("never", takes_s=3600)
        request = transport.send("transcribe", {"modelId": "mine:asr", "path": str(recording)})
        while len(fake.calls) < 2:
            assert not request.done
        request.cancel()
        with pytest.raises(ProviderError, match="cancelled"):
            request.result()


def test_one_that_hangs_hears_no_cancellation(tmp_path: Path, recording: Path) -> None:
    fake = FakeProvider(tmp_path, "mine", max_concurrency=1)
    fake.hangs()
    with MemoryTransport(fake.provider, timeout_s=0.2) as transport:
        request = transport.send("transcribe", {"modelId": "mine:asr", "path": str(recording)})
        while not fake.calls:
            assert not request.done
        request.cancel()
        with pytest.raises(TimeoutError):
            request.result()
