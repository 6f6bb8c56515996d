"""The provider without a model: what it says of a recording is true, and what it plays it hears again."""

import math
import wave
from pathlib import Path

import pytest

from vox.provider import Call, ProviderError
from vox_providers import tone


def _record(path: Path, samples: list[int], rate: int = 16_000) -> str:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
    return str(path)


def _hear(path: str) -> str:
    return str(tone.transcribe(Call("transcribe", {"modelId": "tone:asr", "path": path}))["text"])


@pytest.mark.parametrize("hertz", [100, 440, 2000])
def test_it_hears_length_loudness_and_pitch(tmp_path: Path, hertz: int) -> None:
    sine = [round(16_384 * math.sin(2 * math.pi * hertz * n / 16_000)) for n in range(32_000)]
    text = _hear(_record(tmp_path / "sine.wav", sine))
    assert text == f"2.00 seconds, -9 decibels, about {hertz} hertz"


@pytest.mark.parametrize("samples", [[], [0] * 16_000])
def test_silence_and_nothing_are_no_text(tmp_path: Path, samples: list[int]) -> None:
    assert _hear(_record(tmp_path / "nothing.wav", samples)) == ""


@pytest.mark.parametrize("voice", ["sine", "square"])
def test_a_tone_is_heard_at_its_pitch(tmp_path: Path, voice: str) -> None:
    text = "\x0c" * 30  # the character an octave above the lowest tone
    params = {"modelId": "tone:tts", "input": text, "voiceId": voice, "speed": 0.5}
    call = Call("synthesize", params)
    assert tone.synthesize(call) == {"voiceId": voice}
    assert len(call.kept) / 2 / call.sample_rate == pytest.approx(30 * 0.12)
    samples = [int.from_bytes(call.kept[n : n + 2], "little", signed=True) for n in range(0, len(call.kept), 2)]
    pitch = float(_hear(_record(tmp_path / "tone.wav", samples, call.sample_rate)).split()[-2])
    assert pitch == pytest.approx(440, rel=0.05)


def test_each_tone_and_each_fact_is_sent_as_soon_as_it_is_made(tmp_path: Path) -> None:
    sent: list[tuple[str, object, object]] = []
    params = {"modelId": "tone:tts", "input": "abc", "stream": True}
    tone.synthesize(Call("synthesize", params, lambda m, p: sent.append((m, p["sequence"], len(p["audioBase64"])))))
    assert sent == [("audio", number, 3840) for number in range(3)]
    sent.clear()
    path = _record(tmp_path / "loud.wav", [16_384, -16_384] * 8000)
    params = {"modelId": "tone:asr", "path": path, "partials": True}
    tone.transcribe(Call("transcribe", params, lambda m, p: sent.append((m, p["text"], p["stable"]))))
    assert sent == [("partial", "1.00 seconds", True), ("partial", "1.00 seconds, -6 decibels", True)]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"modelId": "tone:base", "input": "a"}, "model_not_found"),
        ({"modelId": "tone:tts", "input": "a", "voiceId": "saw"}, "voice_not_found"),
        ({"modelId": "tone:tts", "input": "a" * 20_001}, "text_too_long"),
    ],
)
def test_what_it_cannot_play(params: dict[str, str], code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        tone.synthesize(Call("synthesize", params))
    assert caught.value.code == code


def test_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound", encoding="utf-8")
    for path in (tmp_path / "text.wav", tmp_path / "missing.wav", tmp_path):
        with pytest.raises(ProviderError) as caught:
            _hear(str(path))
        assert caught.value.code == "unsupported_audio"


def test_a_delayed_call_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_TONE_DELAY_MS", "60000")
    call = Call("synthesize", {"modelId": "tone:tts", "input": "a"})
    call.cancel()
    with pytest.raises(ProviderError, match="cancelled"):
        tone.synthesize(call)
