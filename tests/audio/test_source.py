import errno
import os
import socket
from pathlib import Path

import pytest

from vox.audio.limits import Limits
from vox.audio.source import open_source, refusal
from vox.errors import AudioTooLarge, NoInput, PathNotAllowed, UnsupportedAudio, VoxError

NOBODY = 65_534


def opened(source, **limits):
    with open_source(source, Limits(**limits)) as found:
        return found.file.read(), found.size, found.name


def test_a_file_and_bytes_open_alike(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"sound")
    assert opened(path) == (b"sound", 5, str(path))
    assert opened(b"sound") == (b"sound", 5, "the audio")


def test_the_descriptor_is_closed_also_after_a_failure(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"sound")
    with pytest.raises(RuntimeError), open_source(path, Limits()) as found:
        raise RuntimeError
    assert found.file.closed


@pytest.mark.parametrize("name", ["missing.wav", "a.bin/inside.wav", "n" * 300, "nul\0.wav", "half\ud800.wav"])
def test_a_name_without_a_file_is_no_input(tmp_path, name):
    (tmp_path / "a.bin").write_bytes(b"sound")
    with pytest.raises(NoInput):
        opened(tmp_path / name)


def test_a_circle_of_links_is_no_input(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(NoInput):
        opened(tmp_path / "loop")


def test_a_folder_is_no_input(tmp_path):
    with pytest.raises(NoInput, match="is a folder"):
        opened(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="no FIFOs elsewhere")
def test_a_fifo_without_writer_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NoInput, match="is a FIFO"):
        opened(tmp_path / "pipe")


@pytest.mark.skipif(os.name != "posix", reason="no device files elsewhere")
def test_a_device_is_no_input():
    with pytest.raises(NoInput, match="is a device"):
        opened(Path("/dev/zero"))


@pytest.mark.skipif(os.name != "posix", reason="no socket files elsewhere")
def test_a_socket_is_no_input(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        with pytest.raises(NoInput):
            opened(tmp_path / "s")


@pytest.mark.skipif(os.name != "posix", reason="no modes elsewhere")
def test_an_unreadable_file_is_not_allowed(tmp_path):
    path = tmp_path / "secret.wav"
    path.write_bytes(b"sound")
    path.chmod(0)
    root = os.geteuid() == 0
    if root:  # for whom modes do not count
        os.seteuid(NOBODY)
    try:
        with pytest.raises(PathNotAllowed, match="permission denied"):
            opened(path)
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, PathNotAllowed),
        (errno.EPERM, PathNotAllowed),
        (errno.ENOENT, NoInput),
        (errno.ENXIO, NoInput),
        (errno.EMFILE, VoxError),
    ],
)
def test_each_refusal_of_the_system_has_its_type(number, kind):
    error = refusal(Path("a.wav"), OSError(number, os.strerror(number)))
    assert type(error) is kind
    assert "a.wav" in error.message


def test_an_empty_file_is_not_audio(tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(UnsupportedAudio, match="is empty"):
        opened(path)
    with pytest.raises(UnsupportedAudio, match="is empty"):
        opened(b"")


def test_the_size_cap_counts_bytes_as_they_come():
    assert opened(b"12345", max_bytes=5)[1] == 5
    with pytest.raises(AudioTooLarge, match="6 bytes") as caught:
        opened(b"123456", max_bytes=5)
    assert caught.value.details == {"maxBytes": 5, "bytes": 6}


def test_a_disk_that_fails_while_reading_is_no_input(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"sound")
    with pytest.raises(NoInput, match="cannot be read"), open_source(path, Limits()):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
