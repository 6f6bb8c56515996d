"""Who may write a file: nobody else, but for the owner's private group."""

import os
from pathlib import Path

import pytest

from vox.config.access import may_be_written_by_others

grp = pytest.importorskip("grp")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


@pytest.mark.parametrize(
    ("mode", "refused"), [(0o600, False), (0o644, False), (0o444, False), (0o602, True), (0o666, True), (0o646, True)]
)
def test_by_mode(tmp_path: Path, mode: int, refused: bool) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    assert may_be_written_by_others(path) is refused


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root may give a file to another group")
def test_the_private_group_of_the_owner_is_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o664)
    os.chown(path, 0, 0)
    assert not may_be_written_by_others(path)
    shared = next(group for group in grp.getgrall() if group.gr_gid != 0)
    os.chown(path, 0, shared.gr_gid)
    assert may_be_written_by_others(path)
    os.chown(path, 0, 54_321)  # a group without a name
    assert may_be_written_by_others(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        may_be_written_by_others(tmp_path / "missing")
