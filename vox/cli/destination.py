"""Where a command writes what it made: checked before the work, written after it."""

import os
from pathlib import Path

from vox.errors import InvalidRequest, PathNotAllowed, VoxError

__all__ = ["check_target", "new_file", "write_file"]


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
    except PermissionError:
        raise PathNotAllowed(f"{path}: permission denied; choose another place with --out") from None
    except OSError as error:
        raise VoxError(f"{path}: cannot be written: {error.strerror}") from error


def new_file(folder: Path, stem: str, suffix: str, data: bytes) -> Path:
    """Write a file under a name that nobody has yet: `stem.suffix`, else `stem-2.suffix` and so on. Returns its path.

    Raises:
        OSError: The folder cannot be written.
    """
    number = 1
    while True:
        path = folder / (f"{stem}.{suffix}" if number == 1 else f"{stem}-{number}.{suffix}")
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError:
            number += 1
        else:
            return path
