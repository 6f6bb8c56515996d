"""Speech that a provider leaves in a file instead of its answer: the folder it is offered, and what is taken from it.

Megabytes of audio need no base64 between two processes of one machine. The folder is private to one call and goes with
it. What the provider names is not trusted further than that: it must lie inside, and be a plain file.
"""

import os
import shutil
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio

from vox.audio import spool as spool_folder
from vox.errors import ProviderMisbehaved

__all__ = ["MAX_FILE", "offered_folder", "take_audio"]

MAX_FILE = 256 << 20
"""Bytes; as much as an answer of a synthesis may have."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def offered_folder(spool: Path) -> Generator[Path]:
    """A new folder for one call, which is deleted, with whatever is in it, when the context ends.

    Raises:
        OSError: The spool cannot be written.
    """
    folder = spool_folder.new_folder(spool)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def take_audio(named: str, folder: Path) -> bytes:
    """What the file holds that a provider named; the file is deleted.

    Raises:
        ProviderMisbehaved: It is not a file in `folder`, empty, or larger than an answer may be.
    """
    return await anyio.to_thread.run_sync(_take, named, folder)


def _take(named: str, folder: Path) -> bytes:
    path = folder / named
    try:
        if not path.parent.resolve().is_relative_to(folder.resolve()):
            raise ProviderMisbehaved("The provider's audioPath is not inside the folder it was given as outDir.")
        audio = _read(path)
        path.unlink()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise ProviderMisbehaved(f"The provider's audioPath cannot be read: {error}.") from None
    return audio


def _read(path: Path) -> bytes:
    descriptor = os.open(path, _FLAGS)  # of a link: an error; of a pipe: no waiting for its writer
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or path.is_symlink():
            raise ProviderMisbehaved("The provider's audioPath is not a regular file.")
        if not 0 < found.st_size <= MAX_FILE:
            raise ProviderMisbehaved(
                f"The file the provider names as audioPath has {found.st_size} bytes; it must have 1 to {MAX_FILE}."
            )
        return file.read(MAX_FILE)
