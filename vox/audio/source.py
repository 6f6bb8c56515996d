"""Opening what a caller named, without ever waiting for it.

A path may name a folder, a FIFO nobody writes to, a terminal or a disk. It is opened without blocking, the open
descriptor is examined, and everything that follows works on that descriptor: no second look at the name can find
something else.
"""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, FileIO
from pathlib import Path

from vox.audio.limits import Limits
from vox.errors import AudioTooLarge, NoInput, PathNotAllowed, UnsupportedAudio, VoxError

__all__ = ["Opened", "open_source", "refusal"]

# O_NONBLOCK: opening a FIFO returns at once. O_NOCTTY: opening a terminal does not adopt it. Windows has neither.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.ENODEV, errno.EINVAL}
_FORBIDDEN = {errno.EACCES, errno.EPERM}


@dataclass(frozen=True, slots=True)
class Opened:
    """A readable, seekable stream at its start, with its size in bytes and what to call it in a message."""

    file: BytesIO | FileIO
    size: int
    name: str


@contextmanager
def open_source(source: Path | bytes, limits: Limits) -> Generator[Opened]:
    """Open a file, or bytes already in memory, for reading.

    Raises:
        NoInput: The path names nothing, or something that is not a regular file.
        PathNotAllowed: The daemon's user may not read it.
        UnsupportedAudio: It is empty.
        AudioTooLarge: It has more than `limits.max_bytes`.
    """
    opened = _in_memory(source) if isinstance(source, bytes) else _on_disk(source)
    with opened.file:
        _check_size(opened, limits)
        try:
            yield opened
        except OSError as error:
            raise NoInput(f"{opened.name}: cannot be read: {error.strerror}; check the disk it is on") from error


def refusal(path: Path, error: OSError) -> VoxError:
    """The typed error for a path that the system would not open."""
    if error.errno in _FORBIDDEN:
        return PathNotAllowed(f"{path}: permission denied; make the file readable for the user that runs the daemon")
    if error.errno in _ABSENT:
        return NoInput(f"{path}: {error.strerror}; name an audio file that exists")
    return VoxError(f"{path}: cannot be opened: {error.strerror}")


def _in_memory(audio: bytes) -> Opened:
    return Opened(BytesIO(audio), len(audio), "the audio")


def _on_disk(path: Path) -> Opened:
    try:
        descriptor = os.open(path, _FLAGS)
    except ValueError as error:  # a NUL or a lone surrogate: no file can have such a name
        raise NoInput(f"{str(path)!r} cannot be the name of a file: {error}") from error
    except IsADirectoryError as error:  # Windows refuses to open a folder
        raise NoInput(f"{path} is a folder; name an audio file") from error
    except OSError as error:
        raise refusal(path, error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NoInput(f"{path} is {_what(status.st_mode)}; name an audio file, or pipe the audio in with `-`")
        return Opened(FileIO(descriptor, "rb"), status.st_size, str(path))
    except BaseException:
        os.close(descriptor)
        raise


def _what(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _check_size(opened: Opened, limits: Limits) -> None:
    if opened.size == 0:
        raise UnsupportedAudio(f"{opened.name} is empty (0 bytes); record or export it again")
    if opened.size > limits.max_bytes:
        raise AudioTooLarge(
            f"{opened.name} has {opened.size} bytes, more than the {limits.max_bytes} allowed; "
            "split it, or send a compressed format",
            maxBytes=limits.max_bytes,
            bytes=opened.size,
        )
