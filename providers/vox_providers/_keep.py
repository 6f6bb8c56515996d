"""A model's files on their way in from another folder, and on their way out.

They are gathered beside their place first, so that a fault or a killed process leaves the model that was there, or
none, and never half of one. Each file then takes its name in the order given: the last one is what a model counts as
installed by.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from vox.provider import Call, ProviderError
from vox_providers._download import check_space, locked, on_a_writable_disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["check_ours", "folders_within", "put", "take_away", "unfit"]

_BLOCK = 1 << 20  # bytes at once; a cancel is noticed between two
_DEEPEST = 6  # folders below the one that was given; an archive has one or two
_MOST_FOLDERS = 2000
_LOCK = ".install.lock"
_STAGE = ".import"


def unfit(message: str) -> ProviderError:
    """The error for files that are not those of the model."""
    return ProviderError(message, rpc_code=-32602)


def check_ours(model_id: str, folder: Path, variable: str) -> None:
    """Nothing, if it is Vox that chose the folder.

    Raises:
        ProviderError: The user has named it, so that its files are not Vox's to delete.
    """
    if os.environ.get(variable):
        raise unfit(f"The files of {model_id} lie where {variable} says, in {folder}: delete them yourself.")


def folders_within(path: str) -> Iterator[Path]:
    """The folder itself, then those below it, the nearest first; hidden ones are left out.

    Raises:
        ProviderError: There is no such folder, or it cannot be read.
    """
    if not os.path.isdir(path):
        raise unfit(f"{path} is no folder that can be read.")
    waiting = [(Path(path), 0)]
    for count, (folder, depth) in enumerate(waiting):
        yield folder
        if depth < _DEEPEST and count < _MOST_FOLDERS:
            try:
                below = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
            except OSError as problem:
                raise unfit(f"{folder} cannot be read: {problem.strerror}.") from problem
            waiting += [(entry, depth + 1) for entry in below if not entry.is_symlink()]


def put(files: Mapping[str, Path], folder: Path, call: Call) -> None:
    """Bring files into a model's folder, in the way that `call.how` names.

    Args:
        files: Path inside the folder → where the file is now; in the order in which they shall take their names.

    Raises:
        ProviderError: The disk is too full or not writable, a file cannot be read, links cannot be made here, or the
            call was cancelled; what was there before is there still. `provider_busy` while another process installs.
    """
    with on_a_writable_disk(folder), locked(folder):
        stage = folder / _STAGE
        shutil.rmtree(stage, ignore_errors=True)  # of a process that was killed
        try:
            _gather(files, stage, call)
            _settle(list(files), stage, folder)
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def take_away(folder: Path, names: Iterable[str], begun: str = "*.part") -> list[str]:
    """Delete files of a model, what is begun of them, and the folder once it is empty.

    Args:
        folder: Where they are.
        names: Paths inside the folder; what is not there is passed over.
        begun: What the files of an interrupted download are called, at any depth.

    Returns:
        What is left in the folder, because others have put it there.

    Raises:
        ProviderError: A file cannot be deleted, or the folder is a link: what it points to stays. `provider_busy`
            while another process installs.
    """
    if not folder.is_dir():
        return []
    if folder.is_symlink():
        raise unfit(f"{folder} is a link, and what it points to is not Vox's: delete the link yourself.")
    with on_a_writable_disk(folder), locked(folder):
        for name in names:
            (folder / name).unlink(missing_ok=True)
        for part in folder.rglob(begun):
            part.unlink()
        shutil.rmtree(folder / _STAGE, ignore_errors=True)
    (folder / _LOCK).unlink(missing_ok=True)
    for below in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        _remove_empty(below)
    _remove_empty(folder)
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def _gather(files: Mapping[str, Path], stage: Path, call: Call) -> None:
    sizes = {name: _size(path) for name, path in files.items()}
    if call.how == "copy":
        check_space(stage.parent, sum(sizes.values()))
    total, done = sum(sizes.values()), 0
    for name, path in files.items():
        target = stage / name
        target.parent.mkdir(parents=True, exist_ok=True)
        call.raise_if_cancelled()
        if call.how == "link":
            _link(path, target)
        elif call.how == "copy" or not _moved(path, target):
            _copy(path, target, call, done, total)
        done += sizes[name]
        call.progress(done / max(total, 1), f"importing {name}", done, total)


def _settle(names: list[str], stage: Path, folder: Path) -> None:
    """Replace what is there. The last file goes first, so that no mixture of two versions counts as a model."""
    (folder / names[-1]).unlink(missing_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(stage / name, folder / name)


def _copy(source: Path, target: Path, call: Call, before: int, total: int) -> None:
    try:
        reading = source.open("rb")
    except OSError as problem:
        raise unfit(f"{source} cannot be read: {problem.strerror}.") from problem
    with reading, target.open("wb") as writing:
        while block := reading.read(_BLOCK):
            call.raise_if_cancelled()
            writing.write(block)
            done = before + writing.tell()
            call.progress(min(done / max(total, 1), 1.0), f"importing {target.name}", done, total)
        writing.flush()
        os.fsync(writing.fileno())


def _moved(source: Path, target: Path) -> bool:
    """Whether the file could change its place without being copied."""
    try:
        os.replace(source, target)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
        return False
    return True


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source.resolve())
    except (OSError, NotImplementedError) as problem:
        raise unfit(f"No link to {source} can be made here ({problem}). Import a copy: leave out --link.") from problem


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as problem:
        raise unfit(f"{path} cannot be read: {problem.strerror}.") from problem


def _remove_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
