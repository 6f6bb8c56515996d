"""The home is private and has room, or it is told what to do."""

import json
import os
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest

from vox.daemon.doctor import files
from vox.daemon.doctor.files import disk, home_folder, permissions
from vox.paths import Home

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")

Usage = namedtuple("Usage", "total used free")
LITERAL = {"providers": [{"id": "v", "command": ["v"], "env": {"VENDOR_API_KEY": "sk-123"}}]}
NAMED = {"providers": [{"id": "v", "command": ["v"], "env": {"VENDOR_API_KEY": "${env:K}", "VOICE": "anna"}}]}


@pytest.fixture
def home(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("VOX_MODELS", str(tmp_path / "models" / "deep"))
    return home


def write(path: Path, text: str, mode: int) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def test_a_private_home(home: Home) -> None:
    write(home.performance_jsonl, "", 0o600)
    assert [check.status for check in permissions(home)] == ["ok"]


def test_what_others_may_use_is_told_and_the_remedy_closes_it(home: Home) -> None:
    home.root.chmod(0o755)
    write(home.history_jsonl, "", 0o644)
    (check,) = permissions(home)
    assert check.status == "warning"
    assert f"{home.root} (0755)" in check.detail and f"{home.history_jsonl} (0644)" in check.detail
    assert check.remedy is not None
    subprocess.run(check.remedy[1].split(), check=True)
    assert [check.status for check in permissions(home)] == ["ok"]


@pytest.mark.parametrize(
    ("name", "document", "wide"),
    [
        ("providers.json", LITERAL, True),
        ("providers.json", NAMED, False),
        ("config.json", {"authToken": "0123456789abcdef"}, True),
        ("config.json", {"authToken": "${file:token}", "port": 5}, False),
    ],
)
def test_a_file_with_a_key_in_it_must_be_private(home: Home, name: str, document: object, wide: bool) -> None:
    write(home.root / name, json.dumps(document), 0o644)
    (check,) = permissions(home)
    assert (check.status == "warning") is wide
    (home.root / name).chmod(0o600)
    assert [check.status for check in permissions(home)] == ["ok"]


def test_a_file_that_is_no_json_is_somebody_elses_business(home: Home) -> None:
    write(home.providers_json, "{", 0o644)
    assert [check.status for check in permissions(home)] == ["ok"]


@pytest.mark.parametrize(("free", "status"), [(5 << 30, "ok"), (500 << 20, "warning"), (10 << 20, "error")])
def test_room(home: Home, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: Usage(1 << 40, 0, free))
    (check,) = disk(home)
    assert check.status == status and f"{free / (1 << 30):.1f} GiB free" in check.detail
    assert (check.remedy is None) is (status == "ok")


def test_the_home_itself(home: Home) -> None:
    assert home_folder(home).status == "ok"
    write(home.config_json, "", 0o600)
    check = home_folder(Home(home.config_json / "below"))
    assert check.status == "error" and check.remedy == ("Choose another home", "set VOX_HOME")
