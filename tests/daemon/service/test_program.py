"""The service finds the same home and the same programs as whoever installs it."""

import sys
from pathlib import Path

import pytest

from vox.daemon.service import manager_for
from vox.daemon.service.program import left_out, program_of
from vox.errors import ServiceUnavailable
from vox.paths import Home


def test_what_comes_along(tmp_path: Path) -> None:
    source = {"PATH": "/bin:relative:/opt/bin:/bin", "VOX_MODELS": "models", "VOX_CACHE": "", "VOX_PORT": "5", "A": "b"}
    program = program_of(Home(tmp_path), source)
    assert program.argv == (sys.executable, "-P", "-m", "vox.daemon")
    assert program.environment == {
        "PATH": "/bin:/opt/bin",
        "VOX_MODELS": str(Path("models").absolute()),
        "VOX_HOME": str(tmp_path),
    }
    assert program_of(Home(Path.home() / ".vox"), {}).environment == {}


def test_what_does_not_come_along() -> None:
    assert left_out({"VOX_PORT": "5", "VOX_HOME": "/x", "VOX_DEBUG": "1", "PATH": "/bin"}) == ["VOX_PORT"]


def test_a_system_without_a_known_manager(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match=r"freebsd14.*vox daemon start"):
        manager_for(Home(tmp_path), "freebsd14")
