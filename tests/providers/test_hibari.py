"""The embedded voice speaks: real synthesis, every kind of text, and the program as Vox runs it."""

import base64
import io
import json
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vox.provider import Call, ProviderError
from vox_providers import hibari
from vox_providers._hibari_engine import HibariVoice

SENTENCE = "The quick brown fox jumps over the lazy dog."


def request(text: str = SENTENCE, method: str = "synthesize", **params: object) -> Call:
    return Call(method, {"modelId": "hibari:en", "input": text, **params})


def samples(audio: object) -> np.ndarray:
    """The samples of a WAV, -1 to 1, after its header was checked."""
    assert isinstance(audio, bytes)
    with wave.open(io.BytesIO(audio)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 24000)
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2") / 32768


def sent(call: Call) -> np.ndarray:
    """The samples a call has sent, -1 to 1."""
    assert call.sample_rate == 24000
    return np.frombuffer(call.kept, "<i2") / 32768


def speak(text: str = SENTENCE, **params: object) -> np.ndarray:
    call = request(text, **params)
    hibari.synthesize(call)
    return sent(call)


def level(sound: np.ndarray) -> float:
    """Root mean square in dBFS."""
    return 20 * float(np.log10(np.sqrt(np.mean(sound**2))))


@pytest.fixture(scope="module")
def voice() -> HibariVoice:
    return HibariVoice("heart")


def test_a_sentence_is_heard_and_nothing_clips() -> None:
    call = request()
    result = hibari.synthesize(call)
    sound = sent(call)
    assert result["voiceId"] == "af_heart"
    assert 1.8 < len(sound) / 24000 < 4.0
    assert level(sound) > -40
    assert np.abs(sound).max() < 0.99
    assert {"voiceResolveMs", "synthesisMs"} <= call.metrics.keys()


def test_the_same_text_gives_the_same_samples() -> None:
    assert np.array_equal(speak(), speak())


def test_a_long_text_is_spoken_whole_with_short_pauses_and_progress() -> None:
    seen: list[float] = []
    call = Call(
        "synthesize", {"modelId": "hibari:en", "input": f"{SENTENCE} " * 12}, lambda _, p: seen.append(p["progress"])
    )
    hibari.synthesize(call)
    sound = sent(call)
    one = len(speak())
    assert 12 * one < len(sound) < 12 * (one + 24000 * 0.4)
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) > 2
    quiet = np.abs(sound) < 0.002
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
    assert (edges[1::2] - edges[::2]).max() / 24000 < 0.8


def test_the_first_sentence_is_sent_before_the_second_is_made() -> None:
    made: list[str] = []

    def hear(method: str, _: dict[str, object]) -> None:
        made.append(method)
        call.cancel()

    params = {"modelId": "hibari:en", "input": f"{SENTENCE} One. Two.", "stream": True}
    call = Call("synthesize", params, hear)
    with pytest.raises(ProviderError, match="cancelled"):
        hibari.synthesize(call)
    assert made.count("audio") == 1


def test_pieces_of_a_stream_are_the_whole(voice: HibariVoice) -> None:
    text = f"{SENTENCE} One, two, three! And a last one?"
    pieces = list(voice.speak(request(text), text, 1.0))
    assert len(pieces) == 3 and all(len(piece) % 2 == 0 for piece in pieces)
    assert np.array_equal(np.frombuffer(b"".join(pieces), "<i2") / 32768, speak(text))


def test_speed_changes_how_long_it_takes_to_say() -> None:
    lengths = [len(speak(speed=speed)) for speed in (0.25, 0.5, 1.0, 2.0, 4.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert 1.7 < lengths[1] / lengths[2] < 2.3
    assert 3.4 < lengths[0] / lengths[2] < 4.6
    assert lengths[3] < 0.65 * lengths[2]


@pytest.mark.parametrize("speed", [0.2, 4.5, 0, -1, float("inf"), float("nan"), "fast", True])
def test_an_impossible_speed_is_refused(speed: object) -> None:
    with pytest.raises(ProviderError, match="speed") as caught:
        speak(speed=speed)
    assert caught.value.rpc_code == -32602


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t",
        "\0\0",
        "😀👍🏽🇫🇷",
        "...",
        "?!",
        "—" * 20_000,
        "%" * 20_000,
        "\ud800\udfff",
        "[]()",
        "\u200b\u200d",
    ],
)
def test_text_without_a_sound_is_an_error_that_says_so(text: str) -> None:
    with pytest.raises(ProviderError, match="nothing to say") as caught:
        speak(text)
    assert caught.value.rpc_code == -32602


@pytest.mark.parametrize("text", ["你好，世界。", "مرحبا بالعالم", "Привет, мир!", "नमस्ते", "שלום 5"])
def test_text_in_another_script_names_a_way_out(text: str) -> None:
    with pytest.raises(ProviderError, match="espeak:system"):
        speak(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello\0there \ud800 my \x1b[31mfriend\x07 😀!",
        "the Arabic word مرحبا means hello",
        "\u202eright to left\u202c and back",
        "$5.20 & 50% of #3 at 7:30 pm — 12°C, 3/4 cup, x² ¹ ½",
        "İstanbul, ŉ, ǰ, Ünïcödé, 𝐇𝐞𝐥𝐥𝐨",
        "C++ <b>bold</b> a@b.co https://example.com/x?y=1 ~/path/to_file.py",
        "1" * 400,
        "1," * 60 + "2",
        "$" + "9" * 40,
        "a" * 600,
        "I",
        "42",
        "[hello](/hˈɛlO/) [link](http://example.com)",
    ],
)
def test_odd_text_is_spoken(text: str) -> None:
    sound = speak(text)
    assert len(sound) > 2400
    assert level(sound) > -40


def test_too_long_a_text_is_refused_with_the_limit() -> None:
    with pytest.raises(ProviderError, match="100,000") as caught:
        speak("a" * 100_000)
    assert caught.value.code == "text_too_long"
    assert caught.value.data == {"limit": 20_000, "length": 100_000}


def test_an_unknown_long_word_is_not_cut_and_a_known_one_is_not_broken(voice: HibariVoice) -> None:
    assert len("".join(voice.phonemes("blorptiz" * 12))) > 2 * len("".join(voice.phonemes("blorptiz" * 3)))
    assert " " not in voice.phonemes("antidisestablishmentarianism")[0]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("https://www.example.com/a", "example dot com/a"),
        ("Warm, i.e. mild, e.g. now", "Warm, that is mild, for example now"),
        ("one ==== two", "one two"),
    ],
)
def test_what_the_package_would_spell_out_is_said_in_words(voice: HibariVoice, written: str, spoken: str) -> None:
    assert "".join(voice.phonemes(written)).split() == "".join(voice.phonemes(spoken)).split()


def test_a_digit_run_is_read_digit_by_digit(voice: HibariVoice) -> None:
    assert voice.phonemes("1" * 30)[0].split() == voice.phonemes("1")[0].split() * 30


@pytest.mark.parametrize("text", ["supercalifragilistic " * 40, "9876543210 " * 20, "a%" * 300, "é" * 2000])
def test_no_piece_is_longer_than_the_model_takes(voice: HibariVoice, text: str) -> None:
    pieces = voice.phonemes(text)
    assert pieces and all(0 < len(piece) <= 400 for piece in pieces)


def test_cancelling_ends_the_work_between_sentences() -> None:
    said: list[str] = []

    def stop_after_the_first(_: str, params: dict[str, object]) -> None:
        said.append(str(params["status"]))
        call.cancel()

    call = Call("synthesize", {"modelId": "hibari:en", "input": f"{SENTENCE} " * 400}, stop_after_the_first)
    with pytest.raises(ProviderError, match="cancelled"):
        hibari.synthesize(call)
    assert said == ["sentence 1 of 400"]


def test_voices_are_those_of_the_package() -> None:
    voices = {str(voice["id"]): voice for voice in hibari.voices("hibari:en")}
    assert list(voices) == [str(voice["id"]) for voice in hibari.voices(None)]
    assert voices["af_heart"] == {
        "id": "af_heart",
        "name": "Heart",
        "language": "en-US",
        "gender": "female",
        "modelId": "hibari:en",
        "available": True,
        "default": True,
    }
    assert voices["bf_emma"]["language"] == "en-GB"
    assert voices["bf_emma"]["default"] is False


@pytest.mark.parametrize("name", ["af_heart", "heart", "AF_Heart"])
def test_a_voice_has_two_names(name: str) -> None:
    assert hibari.synthesize(request("Hi.", voiceId=name))["voiceId"] == "af_heart"


def test_an_unknown_voice_names_the_near_ones() -> None:
    with pytest.raises(ProviderError, match="Did you mean af_heart") as caught:
        speak(voiceId="af_hart")
    assert caught.value.code == "voice_not_found"
    assert caught.value.data["nearest"][0] == "af_heart"  # type: ignore[index]
    with pytest.raises(ProviderError, match="It has af_heart, "):
        speak(voiceId="zzzzzzzz")


def test_a_voice_that_was_not_fetched_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    with pytest.raises(ProviderError, match="hibari --voice emma") as caught:
        speak(voiceId="bf_emma")
    assert caught.value.code == "model_not_installed"
    assert hibari.synthesize(request("Hi.", language="en-GB"))["voiceId"] == "af_heart"


def test_a_fetched_voice_is_used_for_its_accent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The bundled model under the British file's name: the path from cache folder to British spelling rules is real."""
    bundled = next(voice for voice in hibari.read_voices() if voice.bundled)
    (tmp_path / "bf_emma.int8.onnx").write_bytes(Path(bundled.path).read_bytes())
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    monkeypatch.setattr(hibari, "_loaded", {})
    assert hibari.synthesize(request("Hello.", language="en-GB"))["voiceId"] == "bf_emma"
    assert hibari.synthesize(request("Hello.", language="en"))["voiceId"] == "af_heart"


@pytest.mark.parametrize("language", ["de", "fr-FR", "zh"])
def test_other_languages_are_refused_with_a_way_out(language: str) -> None:
    with pytest.raises(ProviderError, match=r"English only.*espeak:system") as caught:
        speak(language=language)
    assert caught.value.rpc_code == -32602


@pytest.mark.parametrize(
    "handler", [hibari.synthesize, hibari.install, hibari.preload, lambda call: hibari.voices(call.model_id)]
)
def test_another_model_is_not_found(handler: Callable[[Call], object]) -> None:
    with pytest.raises(ProviderError, match="hibari:en") as caught:
        handler(Call("synthesize", {"modelId": "hibari:de", "input": "Hallo"}))
    assert caught.value.code == "model_not_found"


def test_preload_loads_and_install_has_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hibari, "_loaded", {})
    assert hibari.install(request(method="install"))["preloaded"] is False
    call = request(method="preload")
    assert hibari.preload(call)["preloaded"] is True
    assert call.metrics["modelLoadMs"] > 0
    assert hibari.models()[0]["preloaded"] is True


def test_without_the_package_models_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hibari", None)
    monkeypatch.setattr("vox_providers._hibari_voices.find_spec", lambda _name: None)
    (model,) = hibari.models()
    assert (model["installed"], model["available"]) == (False, False)
    assert "pip install" in str(model["remedy"])
    assert hibari.voices(None) == []
    with pytest.raises(ProviderError, match="pip install") as caught:
        hibari.synthesize(request())
    assert caught.value.code == "model_not_installed"


def test_models_answers_without_loading_an_engine() -> None:
    program = (
        "import sys; from vox_providers import hibari;"
        "print(hibari.models()[0]['installed'], len(hibari.voices(None)));"
        "print(sorted({'numpy', 'onnxruntime', 'hibari'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split("\n") == ["True 5", "[]", ""]


def test_the_program_speaks_over_its_pipes() -> None:
    spoken = [{"modelId": "hibari:en", "input": text} for text in (SENTENCE, "\ud800", "a\0b \udfff c")]
    asked = [("models", {}), ("voices", {"modelId": "hibari:en"}), *(("synthesize", params) for params in spoken)]
    requests = [{"jsonrpc": "2.0", "id": n, "method": method, "params": p} for n, (method, p) in enumerate(asked, 1)]
    lines = "".join(json.dumps(item) + "\n" for item in requests)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "vox_providers.hibari"],
        input=lines.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    answers = {item["id"]: item for item in map(json.loads, done.stdout.splitlines()) if "id" in item}
    assert answers[1]["result"]["models"][0]["installed"] is True
    assert answers[2]["result"]["voices"][0]["id"] == "af_heart"
    result = answers[3]["result"]
    assert (result["format"], result["contentType"], result["voiceId"]) == ("wav", "audio/wav", "af_heart")
    assert level(samples(base64.b64decode(result["audioBase64"]))) > -40
    metrics = {"modelLoadMs", "synthesisMs", "voiceResolveMs", "audioDurationMs", "totalMs", "outputBytes"}
    assert metrics <= result["metrics"].keys()
    assert "nothing to say" in answers[4]["error"]["message"]
    assert samples(base64.b64decode(answers[5]["result"]["audioBase64"])).size
