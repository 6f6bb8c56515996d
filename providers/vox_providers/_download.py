"""From a hub into a folder, so that a file under its own name is always whole.

A file grows as `NAME.<identity>.part`, is continued by `Range` after any interruption (a cancel, a dropped connection,
a killed process), checked against the size and digest the hub gave, and only then takes its name. The identity in the
part's name is the content's, so two versions of a file never mix.
"""

import errno
import hashlib
import os
import re
import shutil
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO

from vox.provider import Call, ProviderError
from vox_providers._hub import Hub, Interrupted, Patience, RangeRefused, RemoteFile

__all__ = ["Download", "check_space", "locked", "on_a_writable_disk"]

_BLOCK = 1 << 20  # bytes at once; a cancel is noticed between two
_SPARE = 64 << 20  # bytes a disk keeps free: a full one breaks more than this download
_LOOK_S = 0.1  # how soon a cancelled call lets go of a silent server
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class Download:
    """Files on their way into a folder.

    Args:
        hub: Where they come from.
        files: Which; they are fetched in this order.
        folder: Where they go, made when missing. A file keeps its path inside the repository.
        call: Told about progress, asked about cancellation.
        patience: When to give up.
    """

    def __init__(self, hub: Hub, files: list[RemoteFile], folder: Path, call: Call, patience: Patience) -> None:
        self._hub = hub
        self._files = files
        self._folder = folder
        self._call = call
        self._patience = patience
        self._total = sum(file.size for file in files)
        self._done = 0

    def run(self) -> None:
        """Fetch what is missing; a file that is here already is checked and kept.

        Raises:
            ProviderError: The disk is too full or not writable, the network fails for too long, the hub refuses, a
                file stays wrong, or the call was cancelled: what has arrived is continued by the next run.
                `provider_busy` while another process does the same.
        """
        with on_a_writable_disk(self._folder), locked(self._folder):
            self._run()  # its `OSError` is of the disk: those of the network are `Interrupted` by then

    def _run(self) -> None:
        missing = [file for file in self._files if not self._kept(file)]
        check_space(self._folder, sum(file.size - _size(self._part(file)) for file in missing))
        for file in missing:
            self._fetch(file)

    def _kept(self, file: RemoteFile) -> bool:
        target = self._folder / file.path
        if not target.is_file() or not self._intact(target, file):
            return False
        self._done += file.size
        return True

    def _fetch(self, file: RemoteFile) -> None:
        part = self._part(file)
        part.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(2):  # once more from the beginning if what arrived is wrong
            self._fill(file, part)
            if self._intact(part, file):
                part.replace(self._folder / file.path)
                _remove_parts(self._folder / file.path)
                self._done += file.size
                return
            part.unlink()
        raise ProviderError(
            f"{file.url} arrived twice with content that does not match the checksum the hub gives for it. "
            "A proxy or mirror changes it; nothing was installed."
        )

    def _fill(self, file: RemoteFile, part: Path) -> None:
        self._patience.progressed()  # checking what was here already took time too
        part.touch()
        while _size(part) != file.size:
            try:
                self._continue(file, part)
            except RangeRefused as problem:
                part.unlink(missing_ok=True)
                self._patience.wait(problem)
            except Interrupted as problem:
                self._patience.wait(problem)

    def _continue(self, file: RemoteFile, part: Path) -> None:
        have = _size(part) if _size(part) < file.size else 0
        with self._hub.open(file.url, {"Range": f"bytes={have}-"} if have else None) as response:
            have = _first_byte(response, have, file)
            with part.open("r+b" if part.exists() else "wb", buffering=0) as target:
                target.truncate(have)
                target.seek(have)
                with _cut_when_cancelled(response, self._call):
                    self._copy(response, target, file, have)
                os.fsync(target.fileno())

    def _copy(self, response: HTTPResponse, target: BinaryIO, file: RemoteFile, have: int) -> None:
        while have < file.size:
            self._call.raise_if_cancelled()
            try:
                block = response.read1(_BLOCK)
            except (OSError, HTTPException) as problem:
                self._call.raise_if_cancelled()
                raise Interrupted(f"the transfer of {file.path} broke off ({problem!r})") from problem
            if not block:
                self._call.raise_if_cancelled()
                raise Interrupted(f"the transfer of {file.path} ended after {have} of {file.size} bytes")
            _write(target, block[: file.size - have])
            have += len(block)
            self._patience.progressed()
            self._report(f"downloading {file.path}", min(have, file.size))

    def _intact(self, path: Path, file: RemoteFile) -> bool:
        """Whether the file is what the hub has; without a digest its size must do."""
        algorithm, _, expected = file.identity.partition(":")
        if _size(path) != file.size or algorithm == "commit":
            return _size(path) == file.size
        digest = hashlib.sha256() if algorithm == "sha256" else hashlib.sha1(usedforsecurity=False)
        if algorithm == "git":
            digest.update(b"blob %d\0" % file.size)
        with path.open("rb") as content:
            while block := content.read(_BLOCK):
                self._call.raise_if_cancelled()
                digest.update(block)
                self._report(f"checking {file.path}", content.tell())
        return digest.hexdigest() == expected

    def _report(self, status: str, of_this: int) -> None:
        done = self._done + of_this
        self._call.progress(done / max(self._total, 1), status, done, self._total)

    def _part(self, file: RemoteFile) -> Path:
        target = self._folder / file.path
        mark = re.sub(r"[^0-9A-Za-z]", "", file.identity.partition(":")[2])[:16]
        return target.with_name(f"{target.name}.{mark}.part")


def check_space(folder: Path, needed: int) -> None:
    """Nothing, if so many bytes fit into the folder.

    Raises:
        ProviderError: They do not, and how much is missing.
    """
    free = shutil.disk_usage(folder).free
    if needed and free < needed + _SPARE:
        raise _too_full(folder, f"{needed >> 20} MiB are needed and {free >> 20} MiB are free")


@contextmanager
def on_a_writable_disk(folder: Path) -> Generator[None]:
    """The folder, made when missing; faults of the disk in the block in words for its user.

    Raises:
        ProviderError: The disk is full, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _too_full(folder, "the disk filled up") from problem
        raise ProviderError(f"{folder} cannot be written: {problem}.") from problem


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Keep other processes from installing into the folder meanwhile.

    Raises:
        ProviderError: `provider_busy`, when another one does already.
    """
    with (folder / ".install.lock").open("ab") as file:
        if sys.platform != "win32":  # without a lock a second run costs time, not truth: the checksum decides
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as problem:
                raise ProviderError(
                    f"Another process is installing into {folder}; wait for it.", code="provider_busy"
                ) from problem
        yield


@contextmanager
def _cut_when_cancelled(response: HTTPResponse, call: Call) -> Generator[None]:
    """End the connection once the call is cancelled: a read that waits for a silent server hears nothing else."""
    over = threading.Event()
    with socket.fromfd(response.fileno(), socket.AF_INET, socket.SOCK_STREAM) as connection:

        def watch() -> None:
            while not over.wait(_LOOK_S):
                if call.cancelled:
                    with suppress(OSError):  # the server was faster
                        connection.shutdown(socket.SHUT_RDWR)
                    return

        watcher = threading.Thread(target=watch, name="cancel")
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


def _first_byte(response: HTTPResponse, asked: int, file: RemoteFile) -> int:
    """Where in the file the answer begins: where it was asked to, or at 0 when the server sends everything.

    Raises:
        Interrupted: It begins elsewhere, or is the answer to something else, such as a login page.
    """
    if response.isclosed():
        raise Interrupted(f"{file.url} came without content")
    if response.status == 206:
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match and int(match[1]) == asked and match[2] in ("*", str(file.size)):
            return asked
        raise RangeRefused(f"{file.url} sent another part than bytes {asked} to {file.size}")
    length = response.headers.get("Content-Length")
    if length is not None and length != str(file.size):
        raise Interrupted(f"{file.url} has {length} bytes where the hub lists {file.size}")
    return 0


def _write(target: BinaryIO, block: bytes) -> None:
    """Write all of it: an unbuffered file may take less at once."""
    while block:
        block = block[target.write(block) :]


def _too_full(folder: Path, why: str) -> ProviderError:
    return ProviderError(f"There is no room in {folder}: {why}. Free some, or name another folder in VOX_MODELS.")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _remove_parts(target: Path) -> None:
    """Forget what was begun of other versions of the file."""
    for part in target.parent.glob(f"{target.name}.*.part"):
        part.unlink(missing_ok=True)
