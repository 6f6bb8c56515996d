"""Taking an archive apart without trusting it.

Names that would leave the folder, links, devices and encrypted members are refused, and so is an archive that would
become larger than the disk has room for, whatever sizes it announces: what is written is counted. Nothing of the
members' owners, times or modes is taken over.
"""

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, NamedTuple

from vox.errors import InvalidRequest

__all__ = ["is_archive", "unpack"]

MAX_MEMBERS = 10_000
"""Of an archive; a model has some dozens of files."""

SPARE = 64 << 20
"""Bytes that the disk keeps free."""

_BLOCK = 1 << 20
_PADDING = 16 << 20  # bytes that may follow the last member of a tar file; writers fill up to a block of theirs
_DEEPEST = 32  # folders; a path of a thousand of them is an attack on whoever removes it

_DAMAGES = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    RuntimeError,  # encrypted; also NotImplementedError: compressed in a way that is not known
)

OnBytes = Callable[[int, int], object]
"""Told how many bytes of how many are there; what it raises ends the work."""


class _Member(NamedTuple):
    name: str
    size: int
    open: Callable[[], IO[bytes] | None]


def is_archive(path: Path) -> bool:
    """Whether it is a zip or a tar file, compressed or not, by its content."""
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def unpack(archive: Path, folder: Path, on_bytes: OnBytes) -> None:
    """Write the regular files of a zip or tar archive into a new folder.

    Raises:
        InvalidRequest: It is damaged, encrypted, too large for the disk, or has members that are not plain files.
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True)
    try:
        with _members(archive) as members:
            found, total = _listed(archive, folder, members)
            done = 0
            for member in found:
                target = folder / _safe(archive, member.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                done = _write(archive, member, target, done, total, on_bytes)
    except _DAMAGES as error:
        raise InvalidRequest(f"{archive} cannot be unpacked: {error}.") from error
    except OSError as error:
        if error.errno is None:  # of the decompressors; those of the disk have a number
            raise InvalidRequest(f"{archive} cannot be unpacked: {error}.") from error
        raise


@contextmanager
def _members(archive: Path) -> Generator[Iterator[_Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield _of_zip(archive, opened)
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as opened:
            yield _of_tar(archive, opened)
    else:
        raise InvalidRequest(f"{archive} is neither a folder nor a zip or tar archive.")


def _of_zip(archive: Path, opened: zipfile.ZipFile) -> Iterator[_Member]:
    for count, info in enumerate(opened.infolist()):
        _check_count(archive, count)
        mode = info.external_attr >> 16
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
            raise _odd(archive, info.filename)
        if not info.is_dir():
            yield _Member(info.filename, info.file_size, lambda info=info: opened.open(info))


def _of_tar(archive: Path, opened: tarfile.TarFile) -> Iterator[_Member]:
    for count, info in enumerate(opened):
        _check_count(archive, count)
        if not (info.isreg() or info.isdir()):
            raise _odd(archive, info.name)
        if info.isreg():
            yield _Member(info.name, info.size, lambda info=info: opened.extractfile(info))
    _finish(archive, opened.fileobj.read)


def _finish(archive: Path, read: Callable[[int], bytes]) -> None:
    """Go on to the end, where a compressed file has its checksum; nothing but padding lies before it."""
    rest = 0
    while block := read(_BLOCK):
        rest += len(block)
        if rest > _PADDING:
            raise InvalidRequest(f"{archive} goes on behind its end: it is damaged.")


def _check_count(archive: Path, count: int) -> None:
    if count >= MAX_MEMBERS:
        raise InvalidRequest(f"{archive} has more than {MAX_MEMBERS} members: it is no archive of a model.")


def _listed(archive: Path, folder: Path, members: Iterator[_Member]) -> tuple[list[_Member], int]:
    """The members and their bytes in all. Ends at the first that is too much: to find the next one in a compressed tar
    file, its bytes would have to be gone through."""
    free, total, found = shutil.disk_usage(folder).free, 0, list[_Member]()
    for member in members:
        _safe(archive, member.name)
        found.append(member)
        total += member.size
        if total + SPARE > free:
            raise InvalidRequest(
                f"{archive} becomes {total >> 20} MiB or more, and {free >> 20} MiB are free in {folder.parent}. Make "
                "room, or name another folder in VOX_MODELS."
            )
    return found, total


def _safe(archive: Path, name: str) -> PurePosixPath:
    """The member's path inside the folder.

    Raises:
        InvalidRequest: It leads out of it, or means something else on another system.
    """
    path = PurePosixPath(name)
    parts = path.parts
    if not parts or path.is_absolute() or ".." in parts or len(parts) > _DEEPEST or set(name) & {"\0", "\\"}:
        raise InvalidRequest(
            f"{archive} has a member {name!r}, which would lie outside of the folder. Nothing is taken."
        )
    if PureWindowsPath(name).drive:
        raise InvalidRequest(f"{archive} has a member {name!r}, which is no name of a file. Nothing is taken.")
    return path


def _odd(archive: Path, name: str) -> InvalidRequest:
    return InvalidRequest(f"{archive} has a member {name!r}, which is a link or a device. Unpack it yourself and look.")


def _write(archive: Path, member: _Member, target: Path, done: int, total: int, on_bytes: OnBytes) -> int:
    source = member.open()
    if source is None:
        raise _odd(archive, member.name)
    written = 0
    with source, target.open("xb") as file:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > member.size:
                raise InvalidRequest(f"{archive} announces {member.size} bytes of {member.name!r} and has more.")
            file.write(block)
            on_bytes(done + written, total)
    if written != member.size:
        raise InvalidRequest(f"{archive} ends within {member.name!r}: it is damaged or was not copied whole.")
    return done + written
