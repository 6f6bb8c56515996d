"""Importing and removing real weights of faster-whisper, Kokoro and Piper: they work where they were brought to, and
what they were brought from is left as it was."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.providers.conftest import plain
from tests.providers.hearing import understood
from tests.providers.program import Program
from tests.providers.weights import lay_out_kokoro, lay_out_piper, lay_out_tiny_whisper

TINY, KOKORO, JOE = "faster-whisper:tiny.en", "kokoro:v1.0", "piper:en_US-joe-medium"
JOES_HOME = "piper/en/en_US/joe/medium"
SAID = "Good morning."


def contents(folder: Path) -> dict[str, str]:
    """Path inside → digest of every file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def told(program: Program, model: str) -> dict[str, Any]:
    found = program.call("models")["result"]["models"]
    return next(one for one in found if one["id"] == model)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of tiny.en in a folder whose name says nothing, beside another file."""
    root = lay_out_tiny_whisper(tmp_path_factory.mktemp("stick"))
    (root / "tiny.en").rename(root / "files")
    (root / "files" / "README.md").write_text("read me", encoding="utf-8")
    return root


@pytest.fixture
def whisper(models: Path) -> Iterator[Program]:
    with Program("vox_providers.faster_whisper", {"VOX_MODELS": str(models)}) as running:
        yield running


def test_whisper_recognises_after_an_import_and_is_gone_after_remove(
    whisper: Program, tiny: Path, models: Path, clips: dict[str, tuple[Path, str]]
) -> None:
    before = contents(tiny)
    assert whisper.call("import", path=str(tiny))["result"] == {"fits": [TINY]}  # the weights tell, not the name
    assert not models.exists()
    assert whisper.call("import", modelId=TINY, path=str(tiny), how="copy")["result"]["installed"] is True
    path, said = clips["jfk"]
    heard = whisper.call("transcribe", modelId=TINY, path=str(path))["result"]["text"]
    assert plain(said).split()[:5] == plain(heard).split()[:5]
    assert not (models / "faster-whisper" / "tiny.en" / "README.md").exists()
    assert whisper.call("remove", modelId=TINY)["result"]["installed"] is False
    error = whisper.call("transcribe", modelId=TINY, path=str(path))["error"]
    assert error["data"]["code"] == "model_not_installed"
    assert not (models / "faster-whisper" / "tiny.en").exists()
    assert contents(tiny) == before


def test_whisper_of_another_size_is_refused(whisper: Program, tiny: Path, models: Path) -> None:
    error = whisper.call("import", modelId="faster-whisper:base", path=str(tiny), how="link")["error"]
    assert error["code"] == -32602
    assert f"are of {TINY}, not of faster-whisper:base" in error["message"]
    assert not models.exists()


def test_whisper_files_that_are_not_whole_fit_nothing(whisper: Program, tiny: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(tiny / "files", cut)
    with (cut / "model.bin").open("r+b") as file:
        file.truncate(70_000_000)
    assert whisper.call("import", path=str(cut))["result"] == {"fits": []}
    error = whisper.call("import", modelId=TINY, path=str(cut), how="copy")["error"]
    assert "model.bin" in error["message"] and error["code"] == -32602


def test_a_whisper_that_is_the_users_stays(tiny: Path, models: Path) -> None:
    own = models / "faster-whisper" / "mine"
    shutil.copytree(tiny / "files", own)
    with Program("vox_providers.faster_whisper", {"VOX_MODELS": str(models)}) as program:
        assert "of yours" in program.call("remove", modelId="faster-whisper:mine")["error"]["message"]
    named = {"VOX_FASTER_WHISPER_MODELS": str(tiny.parent), "VOX_MODELS": str(models)}
    with Program("vox_providers.faster_whisper", named) as program:
        assert "VOX_FASTER_WHISPER_MODELS" in program.call("remove", modelId=TINY)["error"]["message"]
    assert (own / "model.bin").is_file() and (tiny / "files" / "model.bin").is_file()


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kokoro as somebody may have it on a disk."""
    return lay_out_kokoro(tmp_path_factory.mktemp("stick") / "Kokoro")


@pytest.mark.parametrize("how", ["copy", "link"])
def test_kokoro_speaks_after_an_import_and_is_gone_after_remove(
    pack: Path, models: Path, tmp_path: Path, how: str
) -> None:
    before = contents(pack)
    with Program("vox_providers.kokoro", {"VOX_MODELS": str(models)}) as program:
        assert program.call("import", path=str(pack.parent))["result"] == {"fits": [KOKORO]}
        assert program.call("import", modelId=KOKORO, path=str(pack.parent), how=how)["result"]["installed"] is True
        assert len(program.call("voices", modelId=KOKORO)["result"]["voices"]) == 54
        if how == "copy":
            made = program.call("synthesize", modelId=KOKORO, input=SAID)["result"]
            assert plain(understood(made["audioBase64"], tmp_path)) == plain(SAID)
        assert program.call("remove", modelId=KOKORO)["result"]["installed"] is False
        assert program.call("synthesize", modelId=KOKORO, input=SAID)["error"]["data"]["code"] == "model_not_installed"
    assert not (models / "kokoro" / "v1.0").exists()
    assert contents(pack) == before


def test_kokoro_is_not_installed_while_its_links_lead_nowhere(pack: Path, models: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    shutil.copytree(pack, stick)
    with Program("vox_providers.kokoro", {"VOX_MODELS": str(models)}) as program:
        program.call("import", modelId=KOKORO, path=str(stick), how="link")
        stick.rename(tmp_path / "unplugged")
        assert told(program, KOKORO)["installed"] is False
        assert program.call("remove", modelId=KOKORO)["result"]["installed"] is False
    assert not (models / "kokoro" / "v1.0").exists()


def test_what_is_not_kokoro_is_refused(models: Path, tmp_path: Path) -> None:
    other = tmp_path / "Kokoro-82M-v1.1-zh-ONNX"
    (other / "onnx").mkdir(parents=True)
    (other / "voices").mkdir()
    (other / "onnx" / "model_quantized.onnx").write_bytes(b"model")
    (other / "voices" / "zf_001.bin").write_bytes(bytes(510 * 256 * 4))
    with Program("vox_providers.kokoro", {"VOX_MODELS": str(models)}) as program:
        assert program.call("import", path=str(other))["result"] == {"fits": []}
        error = program.call("import", modelId=KOKORO, path=str(other), how="copy")["error"]
        assert error["code"] == -32602 and "voices/*.bin" in error["message"]
        unknown = program.call("import", modelId="kokoro:v9", path=str(other), how="copy")["error"]
        assert unknown["data"]["code"] == "model_not_found"
    with Program("vox_providers.kokoro", {"VOX_KOKORO_DIR": str(other)}) as program:
        assert "VOX_KOKORO_DIR" in program.call("remove", modelId=KOKORO)["error"]["message"]
    assert not models.exists()


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice some folders down."""
    root = tmp_path_factory.mktemp("stick")
    lay_out_piper(root / "voices" / "english")
    return root


@pytest.fixture
def piper(models: Path, tmp_path: Path) -> Iterator[Program]:
    with Program("vox_providers.piper", {"VOX_MODELS": str(models)}) as running:
        yield running


def test_piper_speaks_after_an_import_and_is_the_packages_after_remove(
    piper: Program, voice: Path, models: Path, tmp_path: Path
) -> None:
    before = contents(voice)
    error = piper.call("remove", modelId=JOE)["error"]  # the voice that the package has
    assert "the package that it is in" in error["message"]
    assert piper.call("import", path=str(voice))["result"] == {"fits": [JOE]}
    piper.call("import", modelId=JOE, path=str(voice), how="copy")
    assert (models / JOES_HOME / "en_US-joe-medium.onnx").is_file()
    made = piper.call("synthesize", modelId=JOE, input=SAID)["result"]
    assert plain(understood(made["audioBase64"], tmp_path)) == plain(SAID)
    assert "error" not in piper.call("remove", modelId=JOE)
    assert not (models / "piper").exists()
    assert contents(voice) == before
    assert told(piper, JOE)["installed"] is True  # the package's


def test_removing_one_voice_leaves_the_others(piper: Program, voice: Path, models: Path) -> None:
    mine = models / "piper" / "de" / "de_DE" / "thorsten" / "medium" / "de_DE-thorsten-medium.onnx.0123.part"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"begun")
    shutil.copytree(voice / "voices" / "english", models / "piper" / "own")
    piper.call("import", modelId=JOE, path=str(voice), how="link")
    linked = models / JOES_HOME / "en_US-joe-medium.onnx"
    assert linked.is_symlink()
    piper.call("remove", modelId=JOE)
    assert not linked.parent.exists() and mine.is_file()
    assert "not brought by Vox" in piper.call("remove", modelId=JOE)["error"]["message"]  # the one in `own`
    assert len(contents(models / "piper" / "own")) == 2


def test_a_voice_that_is_not_there_is_told(piper: Program, voice: Path) -> None:
    error = piper.call("import", modelId="piper:en_US-amy-medium", path=str(voice), how="copy")["error"]
    assert error["code"] == -32602
    assert "en_US-amy-medium.onnx.json" in error["message"] and JOE in error["message"]


def test_a_voice_on_its_way_is_none(piper: Program, voice: Path, models: Path) -> None:
    staged = models / "piper" / ".import" / "de_DE-thorsten-medium.onnx"
    staged.parent.mkdir(parents=True)
    for ending in ("", ".json"):
        source = voice / "voices" / "english" / f"en_US-joe-medium.onnx{ending}"
        shutil.copy(source, staged.with_name(staged.name + ending))
    assert told(piper, "piper:de_DE-thorsten-medium")["installed"] is False
