"""Files of models through both clients, with a real daemon and the program that ships for Piper's voices."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.daemons import stopped_at_the_end
from vox import AsyncClient, Client, errors
from vox.paths import Home
from vox.types import ModelInfo, Progress

VOICE = "piper:ka_GE-natia-medium"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("files")
    home = Home(folder / "home")
    home.ensure()
    entries = [{"id": "piper", "kind": "tts", "builtin": True, "env": {"VOX_MODELS": str(folder / "models")}}]
    home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    home.providers_json.chmod(0o600)
    with stopped_at_the_end(home):
        yield home


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A folder with a voice that no list has; its model is nothing that could be loaded."""
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "ka_GE-natia-medium.onnx").write_bytes(b"no model, as far as an import looks")
    settings = {"audio": {"sample_rate": 16000}, "phoneme_id_map": {}}
    (tmp_path / "stick" / "ka_GE-natia-medium.onnx.json").write_text(json.dumps(settings), encoding="utf-8")
    return tmp_path / "stick"


def test_files_are_imported_and_removed(home: Home, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Progress] = []
    monkeypatch.chdir(stick.parent)
    with Client(home) as vox:
        model = vox.import_model("stick", on_progress=told.append)  # of the client's folder, not of the daemon's
        assert isinstance(model, ModelInfo) and (model.id, model.installed) == (VOICE, True)
        assert told[-1].fraction == 1.0
        assert VOICE in [one.id for one in vox.models("tts") if one.installed]
        assert not vox.remove_model(VOICE).installed
        assert VOICE not in [one.id for one in vox.models("tts") if one.installed]


def test_a_linked_folder_stays_where_it_is(home: Home, stick: Path) -> None:
    before = sorted(stick.iterdir())
    with Client(home) as vox:
        assert vox.import_model(stick, link=True).installed
        vox.remove_model(VOICE)
    assert sorted(stick.iterdir()) == before and all(path.stat().st_size for path in before)


def test_what_is_refused_is_typed(home: Home, stick: Path) -> None:
    with Client(home) as vox:
        with pytest.raises(errors.NoInput):
            vox.import_model(stick / "nothing")
        with pytest.raises(errors.ModelNotFound):
            vox.import_model(stick, "nobody:1")
        with pytest.raises(errors.ModelNotFound):
            vox.remove_model("nobody:1")


def test_on_an_event_loop(home: Home, stick: Path) -> None:
    told: list[Progress] = []

    async def main() -> tuple[ModelInfo, ModelInfo]:
        async with AsyncClient(home) as vox:
            with pytest.raises(errors.NoInput):
                await vox.import_model(stick / "nothing")
            return await vox.import_model(stick, on_progress=told.append), await vox.remove_model(VOICE)

    taken, removed = asyncio.run(main())
    assert (taken.id, taken.installed, removed.installed) == (VOICE, True, False)
    assert told[-1].fraction == 1.0


def test_who_plays_says_so(home: Home) -> None:
    async def main() -> list[bool]:
        async with AsyncClient(home) as vox:
            with pytest.raises(errors.InvalidRequest):
                await vox.deafen(5.1)
            return [await vox.deafen(0), await vox.deafen(5), await vox.deafen(0)]

    with Client(home) as vox:
        assert vox.deafen(0) is False
        assert asyncio.run(main()) == [False, True, True], "an echo is left"
        assert vox.deafen(0.001) is True
