"""Importing and removing real small models, as the program does it, and what its folder looks like at every moment."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.providers.program import Program
from tests.providers.tiny_models import build_parakeet, say, write_wav
from tests.providers.tiny_whisper import build_whisper
from vox.provider import Call, ProviderError
from vox_providers import _keep
from vox_providers._keep import folders_within, put, take_away


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a model, in a folder whose name says nothing, beside what does not belong to it."""
    folder = build_parakeet(tmp_path_factory.mktemp("stick") / "stuff" / "files")
    (folder / "README.md").write_text("read me", encoding="utf-8")
    return folder


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    with Program("vox_providers.parakeet", {"VOX_MODELS": str(tmp_path / "models")}) as running:
        yield running


def listed(program: Program) -> dict[str, dict[str, Any]]:
    return {model["id"]: model for model in program.call("models")["result"]["models"]}


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


MODEL = {"encoder-model.int8.onnx", "decoder_joint-model.int8.onnx", "vocab.txt", "config.json"}


def test_an_imported_model_recognises_and_is_gone_after_remove(program: Program, export: Path, tmp_path: Path) -> None:
    assert listed(program)["parakeet:v3"]["remedy"] == "vox models install parakeet:v3"
    told = program.call("import", modelId="parakeet:v3", path=str(export.parent), how="copy")["result"]
    assert told["installed"] and "remedy" not in told
    folder = tmp_path / "models" / "parakeet" / "v3"
    assert files(folder) == MODEL | {".install.lock"}  # not the README, and nothing half
    assert files(export) == MODEL | {"README.md"}
    heard = program.call(
        "transcribe", modelId="parakeet:v3", path=str(write_wav(tmp_path / "a.wav", say("▁open", "▁door")))
    )
    assert heard["result"]["text"] == "open door"
    assert program.call("remove", modelId="parakeet:v3")["result"]["installed"] is False
    assert not folder.exists()
    assert (
        program.call("transcribe", modelId="parakeet:v3", path="/x")["error"]["data"]["code"] == "model_not_installed"
    )


def test_what_others_have_put_into_the_folder_stays(program: Program, export: Path, tmp_path: Path) -> None:
    program.call("import", modelId="parakeet:v3", path=str(export), how="copy")
    folder = tmp_path / "models" / "parakeet" / "v3"
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "encoder-model.onnx.0123456789abcdef.part").write_bytes(b"begun")
    program.call("remove", modelId="parakeet:v3")
    assert files(folder) == {"notes.txt"}


def test_a_link_points_at_the_files_and_remove_leaves_them(program: Program, export: Path, tmp_path: Path) -> None:
    assert program.call("import", modelId="parakeet:v3", path=str(export), how="link")["result"]["installed"]
    linked = tmp_path / "models" / "parakeet" / "v3" / "vocab.txt"
    assert linked.is_symlink() and linked.resolve() == export / "vocab.txt"
    program.call("remove", modelId="parakeet:v3")
    assert files(export) == MODEL | {"README.md"} and not linked.parent.exists()


def test_moved_files_are_moved(program: Program, export: Path, tmp_path: Path) -> None:
    shutil.copytree(export, tmp_path / "stage")
    program.call("import", modelId="parakeet:v3", path=str(tmp_path / "stage"), how="move")
    assert files(tmp_path / "stage") == {"README.md"}


def test_which_model_the_files_are_is_told_by_size_or_name(program: Program, export: Path, tmp_path: Path) -> None:
    def fits(folder: Path) -> list[str]:
        return program.call("import", path=str(folder))["result"]["fits"]

    assert fits(export) == ["parakeet:v3", "parakeet:v2"]  # a vocabulary of no known size, and no name
    shutil.copytree(export, tmp_path / "parakeet-tdt-0.6b-v2-onnx")
    assert fits(tmp_path) == ["parakeet:v2"]
    vocabulary = tmp_path / "parakeet-tdt-0.6b-v2-onnx" / "vocab.txt"
    vocabulary.write_text("a 0\n" * 8193, encoding="utf-8")
    assert fits(tmp_path) == ["parakeet:v3"]  # what the files say is surer than how they are called
    (tmp_path / "empty").mkdir()
    assert fits(tmp_path / "empty") == []
    wrong = program.call("import", modelId="parakeet:v2", path=str(tmp_path))["error"]
    assert wrong["code"] == -32602 and "are of parakeet:v3, not of parakeet:v2" in wrong["message"]


def test_a_folder_that_lacks_a_file_says_which_are_wanted(program: Program, export: Path, tmp_path: Path) -> None:
    shutil.copytree(export, tmp_path / "half")
    (tmp_path / "half" / "vocab.txt").unlink()
    error = program.call("import", modelId="parakeet:v3", path=str(tmp_path / "half"))["error"]
    assert error["code"] == -32602 and "vocab.txt" in error["message"] and str(tmp_path / "half") in error["message"]
    assert not (tmp_path / "models").exists()
    assert (
        "is no folder" in program.call("import", modelId="parakeet:v3", path=str(tmp_path / "no"))["error"]["message"]
    )


def test_a_folder_that_the_user_has_named_is_the_users(export: Path) -> None:
    with Program("vox_providers.parakeet", {"VOX_PARAKEET_DIR": str(export)}) as program:
        error = program.call("remove", modelId="parakeet:v3")["error"]
    assert "VOX_PARAKEET_DIR" in error["message"] and files(export) == MODEL | {"README.md"}


def test_whisper_keeps_its_folders_below(tmp_path: Path) -> None:
    source = build_whisper(tmp_path / "whisper-base")
    with Program("vox_providers.whisper", {"VOX_MODELS": str(tmp_path / "models")}) as program:
        assert program.call("import", path=str(source))["result"]["fits"] == ["whisper:base"]
        assert program.call("import", modelId="whisper:base", path=str(source), how="copy")["result"]["installed"]
        assert program.call("remove", modelId="whisper:base")["result"]["installed"] is False
    assert not (tmp_path / "models" / "whisper" / "base").exists()


# ---- what goes wrong on the way


def call(**params: object) -> Call:
    return Call("import", dict(params))


@pytest.fixture
def three(tmp_path: Path) -> dict[str, Path]:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a", "b", "config.json"):
        (source / name).write_text(f"new {name}", encoding="utf-8")
    return {name: source / name for name in ("a", "b", "config.json")}


def test_a_fault_leaves_what_was_there(three: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in three:
        (folder / name).write_text("old", encoding="utf-8")
    three["b"].unlink()
    with pytest.raises(ProviderError, match="cannot be read"):
        put(three, folder, call())
    three["b"].write_text("b", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_keep, "_copy", full)
    with pytest.raises(ProviderError, match=r"There is no room in .*model: the disk filled up"):
        put(three, folder, call())
    wanted = call()
    wanted.cancel()
    with pytest.raises(ProviderError, match="cancelled"):
        put(three, folder, wanted)
    assert {name: (folder / name).read_text(encoding="utf-8") for name in files(folder) - {".install.lock"}} == (
        dict.fromkeys(three, "old")
    )


def test_too_little_room_is_told_before_a_byte_is_written(
    three: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vox_providers._download._SPARE", 1 << 60)
    with pytest.raises(ProviderError, match="MiB are needed and"):
        put(three, tmp_path / "model", call())
    assert files(tmp_path / "model") == {".install.lock"}
    put(three, tmp_path / "model", call(how="link"))  # which needs none


_FULL = """
import resource, signal, sys
from pathlib import Path
from vox.provider import Call, ProviderError
from vox_providers._keep import put
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    put({"weights": Path(sys.argv[1])}, Path(sys.argv[2]), Call("import", {}))
except ProviderError as error:
    print(error.message)
"""


def test_a_disk_that_takes_no_more_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(3 << 20))
    words = [sys.executable, "-c", _FULL, str(tmp_path / "weights"), str(tmp_path / "model")]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=30, check=True)
    assert "model cannot be written: [Errno 27] File too large" in done.stdout, done.stderr
    assert files(tmp_path / "model") == {".install.lock"}


_SLOW = """
import sys, time
from pathlib import Path
from vox.provider import Call
from vox_providers import _keep
class Slow(Call):
    def progress(self, *args, **more):
        print(*args[1:], flush=True)
        time.sleep(0.05)
names = ["a", "b", "config.json"]
_keep._BLOCK = 1000
_keep.put({name: Path(sys.argv[1]) / name for name in names}, Path(sys.argv[2]), Slow("import", {}))
"""


def test_a_killed_import_is_begun_anew_and_never_looks_like_a_model(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "model"
    source.mkdir()
    for name in ("a", "b", "config.json"):
        (source / name).write_bytes(os.urandom(20_000))
    words = [sys.executable, "-c", _SLOW, str(source), str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert "importing a" in process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert not (folder / "a").exists() and not (folder / "config.json").exists()
    begun = time.monotonic()
    put({name: source / name for name in ("a", "b", "config.json")}, folder, call())
    assert time.monotonic() - begun < 5  # no lock was left behind
    assert files(folder) == {"a", "b", "config.json", ".install.lock"}
    assert (folder / "b").read_bytes() == (source / "b").read_bytes()


def test_folders_are_looked_through_the_nearest_first_and_not_for_ever(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "z").symlink_to(tmp_path)
    found = [str(folder.relative_to(tmp_path)) for folder in folders_within(str(tmp_path))]
    assert found == [".", "a", "a/b", "a/b/c"]
    deep = tmp_path.joinpath(*"0123456789")
    deep.mkdir(parents=True)
    assert max(len(folder.parts) for folder in folders_within(str(tmp_path))) == len(tmp_path.parts) + 6


def test_nothing_to_take_away(tmp_path: Path) -> None:
    assert take_away(tmp_path / "nothing", ["a"]) == []
