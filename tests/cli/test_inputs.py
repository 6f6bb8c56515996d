"""What a user names: looked at without waiting, copied only where it must be."""

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.cli.inputs import check_file, readable_copy
from vox.errors import NoInput, VoxError
from vox.paths import Home


def test_a_file_is_named_by_its_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"x")
    check_file("a.wav")
    with readable_copy("a.wav", Home(tmp_path / "home")) as path:
        assert path == str(tmp_path / "a.wav")
    assert not (tmp_path / "home").exists()


def test_a_link_is_followed(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"x")
    (tmp_path / "link").symlink_to("a.wav")
    check_file(str(tmp_path / "link"))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(NoInput, match="symbolic link"):
        check_file(str(tmp_path / "loop"))


def test_a_socket_is_no_file(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        with pytest.raises(NoInput, match="is a socket"):
            check_file(str(tmp_path / "s"))


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=50))
def test_any_name_is_a_file_or_a_typed_error(name):
    if os.path.basename(name) != name or name in (".", ".."):
        name = "x" + name.replace("/", "")
    with pytest.raises(VoxError):
        check_file(f"/nowhere-at-all/{name}")


@given(st.binary(max_size=200))
def test_a_broken_setting_leaves_the_usual_cap(tmp_path_factory, content):
    from vox.cli.inputs import _largest

    home = Home(tmp_path_factory.mktemp("home"))
    home.config_json.write_bytes(content)
    assert _largest(home) == 512 << 20


def test_a_copy_is_private_and_goes_with_the_context(tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")
    with open(odd, "wb") as file:
        file.write(b"sound")
    home = Home(tmp_path / "home")
    with pytest.raises(ZeroDivisionError), readable_copy(odd, home) as path:
        with open(path, "rb") as copy:
            assert copy.read() == b"sound"
        assert os.stat(path).st_mode & 0o777 == 0o600
        assert os.stat(home.spool).st_mode & 0o777 == 0o700
        raise ZeroDivisionError
    assert os.listdir(home.spool) == []
