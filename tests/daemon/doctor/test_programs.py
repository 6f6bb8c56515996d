"""Other programs of our names are found, and ours is known."""

import os
import sys
from pathlib import Path

import pytest

from vox.daemon.doctor.check import Check
from vox.daemon.doctor.programs import programs
from vox.paths import Home

pytestmark = pytest.mark.skipif(os.name != "posix", reason="launchers are looked at otherwise there")

OURS = f"#!{sys.executable}\nimport sys\nfrom vox.cli.main import main\nsys.exit(main())\n"
DAEMON = f"#!{sys.executable}\nfrom vox.daemon.__main__ import main\nmain()\n"
ELSEWHERE = OURS.replace(sys.executable, "/opt/other/bin/python")


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'a'}:{tmp_path / 'b'}:{tmp_path / 'a'}")
    return tmp_path


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def found(user: Path) -> dict[str, Check]:
    return {check.name.removeprefix("program "): check for check in programs(Home(user / "home"))}


def test_ours(user: Path) -> None:
    put(user / "real" / "vox", OURS)
    (user / "a").mkdir()
    (user / "a" / "vox").symlink_to(user / "real" / "vox")
    put(user / "a" / "voxd", DAEMON)
    checks = found(user)
    assert (checks["vox"].status, checks["vox"].detail) == ("ok", str(user / "a" / "vox"))
    assert checks["voxd"].status == "ok" and set(checks) == {"vox", "voxd"}


@pytest.mark.parametrize("other", ["\x7fELF linter", ELSEWHERE])
def test_another_in_front_of_ours(user: Path, other: str) -> None:
    put(user / "a" / "vox", other)
    put(user / "b" / "vox", OURS)
    check = found(user)["vox"]
    assert check.status == "warning" and str(user / "a" / "vox") in check.detail
    assert check.remedy is not None and str(Path(sys.executable).parent) in check.remedy[1]


def test_another_behind_ours_is_mentioned(user: Path) -> None:
    put(user / "a" / "vox", OURS)
    other = put(user / "b" / "vox", "#!/bin/sh\n")
    check = found(user)["vox"]
    assert check.status == "ok" and check.detail.endswith(f"another: {other}")


def test_none(user: Path) -> None:
    check = found(user)["voxd"]
    assert check.status == "warning" and "not on PATH" in check.detail and check.remedy is not None


def test_daemons_that_clients_prefer(user: Path) -> None:
    mine = put(user / "home" / "bin" / "voxd", "\x7fMACH-O")
    agent = put(user / "Library" / "LaunchAgents" / "cc.voxd.daemon.plist", "")
    checks = found(user)
    assert checks["bin/voxd"].status == "warning" and checks["bin/voxd"].remedy == (
        "Move it away",
        f"mv {mine} {mine}.other",
    )
    assert str(agent) in checks["launch agent"].detail
    put(mine, DAEMON)
    assert "bin/voxd" not in found(user)
