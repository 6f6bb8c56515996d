import os
import stat

import pytest

from vox.audio import spool


def test_a_file_in_the_spool_is_private_and_so_is_the_folder(tmp_path):
    path = spool.new_path(tmp_path / "home" / "spool")
    os.close(spool.create(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_names_do_not_repeat(tmp_path):
    assert len({spool.new_path(tmp_path) for _ in range(100)}) == 100


def test_a_file_that_is_there_is_never_reused(tmp_path):
    path = spool.new_path(tmp_path)
    path.write_bytes(b"planted")
    with pytest.raises(FileExistsError):
        spool.create(path)


def test_sweeping_takes_only_what_is_ours(tmp_path):
    os.close(spool.create(spool.new_path(tmp_path)))
    os.close(spool.create(spool.new_path(tmp_path)))
    (tmp_path / "holiday.wav").write_bytes(b"mine")
    assert spool.sweep(tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.wav"]


def test_sweeping_a_folder_that_is_not_there(tmp_path):
    assert spool.sweep(tmp_path / "none") == 0
