"""What an entry of providers.json needs and what is not there is named with the way to get it."""

import json
from pathlib import Path

import pytest

from vox.config import load
from vox.daemon.doctor import packages as module
from vox.daemon.doctor.check import Check
from vox.paths import Home

RAY = {"ray": {"replicas": 2}}


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Home:
    """A home on a machine that has no package and no espeak."""
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VOX_ESPEAK_BINARY", raising=False)
    home = Home(tmp_path / "home")
    home.ensure()
    return home


def found(home: Home, *entries: object) -> dict[str, Check]:
    if entries:
        home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    return {check.name: check for check in module.packages(home, load(home))}


def test_what_was_chosen_and_is_missing(missing: Home) -> None:
    checks = found(
        missing,
        {"id": "moonshine-asr", "builtin": True},
        {"id": "system-tts", "kind": "tts", "builtin": True},
        {"id": "far", "kind": "tts", "command": ["far"], "placement": RAY},
        {"id": "own", "command": ["own"]},
    )
    told = {name: (check.status, check.remedy[1] if check.remedy else None) for name, check in checks.items()}
    assert told == {
        "containers": ("warning", 'pip install "voxhost[av]"'),
        "package moonshine-asr": ("warning", 'pip install "voxhost[local]"'),
        "package system-tts": ("warning", 'pip install "voxhost[espeak]"'),
        "package far": ("warning", 'pip install "voxhost[ray]"'),
    }


def test_what_is_only_there_by_default_may_be_missing(missing: Home) -> None:
    checks = found(missing)
    assert {checks[f"package {name}"].status for name in ("moonshine", "hibari", "espeak")} == {"ok"}
    assert "no model" in checks["package hibari"].detail


def test_what_is_there(missing: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: object())
    assert {check.status for check in found(missing).values()} == {"ok"}
    program = tmp_path / "espeak-ng"
    program.touch(0o755)
    assert found(missing)["package espeak"].detail == str(program)


def test_an_espeak_that_its_entry_names(missing: Home, tmp_path: Path) -> None:
    program = tmp_path / "own" / "speaker"
    program.parent.mkdir()
    program.touch(0o755)
    entry = {"id": "espeak", "kind": "tts", "builtin": True, "env": {"VOX_ESPEAK_BINARY": str(program)}}
    assert found(missing, entry)["package espeak"].detail == str(program)
