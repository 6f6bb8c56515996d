"""Every file in its place, private, and no name of a user's making turned into a path."""

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.paths import Home


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VOX_HOME", "VOX_RUNTIME_PATH", "VOX_CACHE", "VOX_MODELS", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_the_home_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert Home.from_env().root == tmp_path / ".vox"
    monkeypatch.setenv("VOX_HOME", "~/mine")
    assert Home.from_env().root == tmp_path / "mine"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOX_HOME", "relative")
    assert Home.from_env().root == tmp_path / "relative"
    assert Home.from_env().runtime_json == tmp_path / "relative" / "runtime.json"
    monkeypatch.setenv("VOX_RUNTIME_PATH", "elsewhere.json")
    assert Home.from_env().runtime_json == tmp_path / "elsewhere.json"


def test_the_names_published_clients_look_for(tmp_path: Path) -> None:
    home = Home(tmp_path)
    names = (home.providers_json, home.runtime_json, home.performance_jsonl, home.origins_json, home.daemon_log)
    assert [str(path.relative_to(tmp_path)) for path in names] == [
        "providers.json",
        "runtime.json",
        "performance.jsonl",
        "origins.json",
        os.path.join("logs", "voxd.log"),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX's")
def test_made_private_and_made_twice(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "b")
    home.ensure()
    home.ensure()
    assert stat.S_IMODE(home.root.stat().st_mode) == stat.S_IMODE(home.logs.stat().st_mode) == 0o700


def test_what_must_not_outlive_the_daemon_lies_in_the_runtime_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = Home(Path("/h"))
    assert home.runtime_dir == Path("/h/run")
    assert (home.socket, home.spool) == (Path("/h/run/vox.sock"), Path("/h/run/spool"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert home.runtime_dir.parent == tmp_path / "vox"
    assert home.runtime_dir != Home(Path("/other")).runtime_dir
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    assert home.runtime_dir == Path("/h/run")


@given(st.text("abcdefgh/é", max_size=300))
def test_a_sockets_path_is_never_too_long_for_the_system(name: str) -> None:
    home = Home(Path("/") / name.lstrip("/"))
    assert len(os.fsencode(home.socket)) <= 107
    assert home.runtime_dir in (home.root / "run", *Path(tempfile.gettempdir()).glob("vox-*")) or (
        home.runtime_dir.parent == Path(tempfile.gettempdir()) and home.runtime_dir.name.startswith("vox-")
    )


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=128))
def test_a_providers_log_stays_in_its_folder(provider: str) -> None:
    path = Home(Path("/h")).provider_log(provider)
    assert path.parent == Path("/h/logs/providers")
    assert path.name.endswith(".log") and not path.name.startswith(".")
    assert "/" not in path.name and "\\" not in path.name and "\x00" not in path.name


@pytest.mark.parametrize("provider", ["../../etc/passwd", "..", ".", "a/b", "a\\b", "C:x", "a\nb", "\x00"])
def test_no_id_leads_elsewhere(provider: str) -> None:
    path = Home(Path("/h")).provider_log(provider)
    assert os.path.normpath(path) == str(path)


def test_the_cache_and_the_models_may_be_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = Home(tmp_path)
    monkeypatch.setenv("VOX_CACHE", str(tmp_path / "c"))
    assert home.models == tmp_path / "c" / "models"
    monkeypatch.setenv("VOX_MODELS", str(tmp_path / "m"))
    assert (home.cache, home.models) == (tmp_path / "c", tmp_path / "m")
    monkeypatch.delenv("VOX_CACHE")
    assert home.cache.name == "vox"
