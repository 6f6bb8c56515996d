"""Where a command writes what it made: checked before the work, written after it."""

import os
from pathlib import Path
from typing import BinaryIO

from vox.errors import InvalidRequest, PathNotAllowed, VoxError

__all__ = ["cannot_write", "check_target", "open_new", "write_file"]


def check_target(path: Path) -> None:
    """See to it that a file can be written there, before anybody works for it.

    Raises:
        InvalidRequest: The folder does not exist, or the name is that of a folder.
        PathNotAllowed: It may not be written.
    """
    if path.is_dir():
        raise InvalidRequest(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise InvalidRequest(f"{path.parent} is not a folder; make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PathNotAllowed(f"{path}: permission denied; choose another place with --out")


def write_file(path: Path, data: bytes) -> None:
    """Write a result.

    Raises:
        PathNotAllowed: It may not be written.
        VoxError: The system cannot write it: a full disk.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> VoxError:
    """The error for a file that the system does not write: not allowed, or a full disk."""
    if isinstance(error, PermissionError):
        return PathNotAllowed(f"{path}: permission denied; choose another place with --out")
    return VoxError(f"{path}: cannot be written: {error.strerror}")


def open_new(folder: Path, stem: str, suffix: str) -> tuple[Path, BinaryIO]:
    """A file under a name that nobody has yet, `stem.suffix`, else `stem-2.suffix` and so on: its path, and the file
    open for writing.

    Raises:
        OSError: The folder cannot be written.
    """
    number = 1
    while True:
        path = folder / (f"{stem}.{suffix}" if number == 1 else f"{stem}-{number}.{suffix}")
        try:
            return path, path.open("xb")
        except FileExistsError:
            number += 1
