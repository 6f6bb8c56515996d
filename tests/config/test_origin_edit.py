"""Editing origins.json: each page once, whole files only, and nothing lost that was there."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from vox.config.origin_edit import edit_origins, listed_origins
from vox.config.origins import Origins
from vox.errors import ConfigError, InvalidRequest

PAGE = "https://a.example"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "origins.json"


def test_add_and_remove(path: Path) -> None:
    assert listed_origins(path) == []
    assert edit_origins(path, PAGE, listed=True)
    assert not edit_origins(path, "HTTPS://A.example:443/", listed=True)  # the same page
    assert edit_origins(path, "http://localhost:*", listed=True)
    assert json.loads(path.read_text(encoding="utf-8")) == {"origins": [PAGE, "http://localhost:*"]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Origins(path.parent).listed() == ["http://localhost:*", PAGE]
    assert edit_origins(path, PAGE, listed=False)
    assert not edit_origins(path, PAGE, listed=False)
    assert listed_origins(path) == ["http://localhost:*"]


@pytest.mark.parametrize("form", [{"origins": [PAGE]}, {"origin": PAGE}, [PAGE]])
def test_every_form_is_kept_in_meaning(path: Path, form: Any) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps(form), encoding="utf-8")
    assert edit_origins(path, "https://b.example", listed=True)
    assert listed_origins(path) == [PAGE, "https://b.example"]


@pytest.mark.parametrize(
    "origin", ["a.example", "", "null", "https://a.example/page", "https://*", "https://a.example:*"]
)
def test_what_is_no_origin(path: Path, origin: str) -> None:
    with pytest.raises(InvalidRequest, match="no origin"):
        edit_origins(path, origin, listed=True)
    assert not path.exists()


@pytest.mark.parametrize("damage", ["{", "7", '{"origins": "x"}', '{"pages": []}', "[1]", "[" * 100_000])
def test_a_damaged_file_is_left_alone(path: Path, damage: str) -> None:
    path.parent.mkdir()
    path.write_text(damage, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"Mend it|Write"):
        edit_origins(path, PAGE, listed=True)
    assert path.read_text(encoding="utf-8") == damage


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "real.json")
    assert edit_origins(path, PAGE, listed=True)
    assert path.is_symlink() and listed_origins(tmp_path / "real.json") == [PAGE]
