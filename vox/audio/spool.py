"""The private folder where audio waits for a provider: unguessable names, readable by nobody else."""

import os
import secrets
import shutil
from pathlib import Path

__all__ = ["create", "new_folder", "new_path", "sweep"]

_PREFIX, _SUFFIX, _FOLDER_SUFFIX = "vox-", ".wav", ".out"


def new_path(spool: Path) -> Path:
    """A name in the spool that is not taken; nothing is created."""
    return spool / f"{_PREFIX}{secrets.token_hex(16)}{_SUFFIX}"


def create(path: Path) -> int:
    """Create that file (mode 0600), and its folder (mode 0700) if it is missing; the descriptor is open for writing.

    Raises:
        OSError: The folder cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)


def new_folder(spool: Path) -> Path:
    """A new folder in the spool (mode 0700), for files that a provider writes.

    Raises:
        OSError: The spool cannot be written.
    """
    folder = spool / f"{_PREFIX}{secrets.token_hex(16)}{_FOLDER_SUFFIX}"
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    return folder


def sweep(spool: Path) -> int:
    """Delete what a daemon that was killed left behind; call it while no other uses the folder. Returns how many."""
    stale = list(spool.glob(f"{_PREFIX}*{_SUFFIX}"))
    for path in stale:
        path.unlink(missing_ok=True)
    folders = list(spool.glob(f"{_PREFIX}*{_FOLDER_SUFFIX}"))
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return len(stale) + len(folders)
