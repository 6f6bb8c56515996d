"""Whisper's whole path with generated models in both layouts, as functions and as a program."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.fake_hub import FakeHub
from tests.providers.program import Program
from tests.providers.tiny_models import sound, write_wav
from tests.providers.tiny_whisper import build_whisper, build_whisper_search, say


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_whisper(folder / "whisper" / "tiny")
    build_whisper_search(folder / "whisper" / "base")
    build_whisper(folder / "whisper" / "large-v3-turbo", mels=128)
    return folder


@pytest.fixture(scope="module")
def program(models: Path) -> Iterator[Program]:
    with Program("vox_providers.whisper", {"VOX_MODELS": str(models)}) as running:
        yield running
    assert running.status == 0
    assert running.stderr == ""


@pytest.mark.parametrize("variant", ["tiny", "base", "large-v3-turbo"])
@pytest.mark.parametrize("language", [None, "de", "en-US"])
def test_known_sounds_come_back_as_words(program: Program, tmp_path: Path, variant: str, language: str | None) -> None:
    path = write_wav(tmp_path / "a.wav", say(" open", " the", " café", " door"))
    wish = {"language": language} if language else {}
    result = program.call("transcribe", modelId=f"whisper:{variant}", path=str(path), words=True, **wish)["result"]
    assert result["text"] == "open the café door"
    assert "words" not in result
    assert result.get("language") == (language.partition("-")[0] if language else None)
    assert [segment["text"] for segment in result["segments"]] == ["open the café door"]
    assert 0 <= result["segments"][0]["start"] < 0.4 < result["segments"][0]["end"]
    assert result["metrics"]["inferenceMs"] > 0


def test_a_long_recording_is_cut_in_silence_and_loses_no_word(program: Program, tmp_path: Path) -> None:
    tokens = list(itertools.islice(itertools.cycle([" open", " the", " door", " close"]), 160))
    path = write_wav(tmp_path / "long.wav", say(*tokens))  # 77 s without a pause; the model hears 30 at once
    result = program.call("transcribe", modelId="whisper:tiny", path=str(path))["result"]
    assert result["text"] == "".join(tokens).strip()
    assert len(result["segments"]) >= 3
    assert all(a["end"] <= b["start"] for a, b in itertools.pairwise(result["segments"]))


def test_nothing_said_is_no_text(program: Program, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "quiet.wav", sound([], tail_s=40))
    result = program.call("transcribe", modelId="whisper:tiny", path=str(path))["result"]
    assert (result["text"], result["segments"], result["metrics"]["inferenceMs"]) == ("", [], 0)


def test_a_language_it_does_not_have_and_a_translation_are_refused(program: Program, tmp_path: Path) -> None:
    path = str(write_wav(tmp_path / "a.wav", say(" open")))
    error = program.call("transcribe", modelId="whisper:tiny", path=path, language="tlh")["error"]
    assert (error["code"], "'tlh'" in error["message"]) == (-32602, True)
    error = program.call("transcribe", modelId="whisper:tiny", path=path, task="translate")["error"]
    assert (error["code"], "translate" in error["message"]) == (-32602, True)


def test_a_language_the_files_do_not_have_is_refused(program: Program, tmp_path: Path) -> None:
    path = str(write_wav(tmp_path / "a.wav", say(" open", " door")))  # the generated model knows English and German
    error = program.call("transcribe", modelId="whisper:tiny", path=path, language="fr")["error"]
    assert (error["code"], "'fr'" in error["message"]) == (-32602, True)


def test_other_names_of_a_size(program: Program, tmp_path: Path) -> None:
    path = str(write_wav(tmp_path / "a.wav", say(" close", " the", " door")))
    assert program.call("transcribe", modelId="whisper:turbo", path=path)["result"]["text"] == "close the door"
    assert "whisper:large-v3" in program.call("preload", modelId="whisper:large")["error"]["message"]


def test_models_lists_every_size(program: Program) -> None:
    found = {model["id"]: model for model in program.call("models")["result"]["models"]}
    installed = {name for name, model in found.items() if model["installed"]}
    assert installed == {"whisper:tiny", "whisper:base", "whisper:large-v3-turbo"}
    assert {"whisper:small", "whisper:medium", "whisper:large-v3"} <= found.keys()
    assert all(len(set(model["languages"])) == 99 and model["words"] is False for model in found.values())


def test_a_model_that_is_not_installed_says_how_to_install_it(program: Program) -> None:
    error = program.call("preload", modelId="whisper:small")["error"]
    assert error["data"]["code"] == "model_not_installed"
    assert "vox models install whisper:small" in error["message"]


@pytest.mark.parametrize(
    ("name", "variant"), [("whisper-large-v3-turbo", "large-v3-turbo"), ("whisper-small", "small"), ("mine", "base")]
)
def test_a_folder_named_directly(tmp_path: Path, name: str, variant: str) -> None:
    build_whisper(tmp_path / name)
    with Program("vox_providers.whisper", {"VOX_WHISPER_DIR": str(tmp_path / name)}) as program:
        found = program.call("models")["result"]["models"]
    assert [model["id"] for model in found if model["installed"]] == [f"whisper:{variant}"]


def test_install_and_use(tmp_path: Path) -> None:
    built = build_whisper(tmp_path / "built")
    build_whisper(built, suffix="_int8")
    files = {str(path.relative_to(built)): path.read_bytes() for path in built.rglob("*.*")}
    with FakeHub({"onnx-community/whisper-small": {**files, "README.md": b"Whisper"}}) as hub:
        environment = {"VOX_MODELS": str(tmp_path / "models"), "HF_ENDPOINT": hub.address}
        with Program("vox_providers.whisper", environment) as program:
            assert program.call("install", modelId="whisper:small")["result"]["installed"] is True
            path = write_wav(tmp_path / "a.wav", say(" close", " the", " window"))
            text = program.call("transcribe", modelId="whisper:small", path=str(path))["result"]["text"]
    assert text == "close the window"
    assert set(hub.fetched()) == {
        "onnx/encoder_model.onnx",
        "onnx/decoder_model_merged.onnx",
        "vocab.json",
        "added_tokens.json",
        "config.json",
    }
