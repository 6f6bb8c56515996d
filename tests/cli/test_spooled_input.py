"""Copies that `vox transcribe` puts into the daemon's spool."""

import os
from pathlib import Path

import pytest

from vox.audio.spool import sweep
from vox.cli.inputs import readable_copy
from vox.paths import Home


def test_a_copy_that_a_killed_command_left_goes_with_the_next_start_of_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    home = Home(tmp_path)
    name = os.fsdecode(os.fsencode(tmp_path / "talk") + b"\xff.wav")  # not UTF-8, so it is copied
    Path(name).write_bytes(b"RIFF")
    with readable_copy(name, home) as copy:
        assert sweep(home.spool) == 1  # what a daemon does when it starts
        assert not Path(copy).exists()
