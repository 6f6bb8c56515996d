"""Programs that a provider runs: each leads a process group of its own, which ends with the call and with the provider.

A call that is cancelled or takes too long ends the whole group, not only the program that was started.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import IO, NamedTuple, TypeAlias

from vox.provider import Call, ProviderError
from vox_providers._guard import Guard

__all__ = ["Finished", "Stream", "end", "failure", "run", "start"]

Stream: TypeAlias = IO[bytes] | int
"""A file, or `subprocess.PIPE` or `subprocess.DEVNULL`."""


_LOOK_S = 0.02  # how often a running program is looked at: nobody notices a shorter delay of a cancellation
_LARGEST_OUTPUT = 180 << 20  # bytes; more than this does not fit in one answer
_LAST_WORDS = 300  # characters of a program's complaint that an error quotes

_NEW_GROUP = 0
if sys.platform == "win32":
    _NEW_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW


class Finished(NamedTuple):
    """A program that has ended.

    Attributes:
        status: Its exit status; negative for the signal that ended it.
        output: What it wrote to standard output.
        said: What it wrote to standard error.
    """

    status: int
    output: bytes
    said: bytes


def run(
    argv: Sequence[str],
    call: Call,
    limit_s: float,
    words: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run a program to its end, without a shell.

    Args:
        limit_s: Seconds it may take.
        words: Its standard input.
        environment: Variables added to the provider's own.

    Raises:
        ProviderError: It does not start, takes too long, writes too much, or the call was cancelled.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as said:
        given.write(words)
        given.seek(0)
        child = start(argv, given, output, said, environment)
        try:
            _wait(child, argv[0], (output, said), call, limit_s)
        finally:
            end(child)
        output.seek(0)
        said.seek(0)
        return Finished(child.returncode, output.read(), said.read())


def start(
    argv: Sequence[str],
    stdin: Stream,
    stdout: Stream,
    stderr: Stream,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a program whose group ends with this process, however that ends; `end` it when its work is done.

    Raises:
        ProviderError: It does not start.
    """
    try:
        child = subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            bufsize=0,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Windows takes no notice of it, and has a flag instead
            creationflags=_NEW_GROUP,
        )
    except (OSError, ValueError) as error:  # ValueError: a zero byte in an argument
        raise ProviderError(f"{argv[0]} does not run: {error}") from error
    if sys.platform != "win32":  # there the daemon's job object holds children of children too
        _guard.tell("+", child.pid)
    return child


def end(child: "subprocess.Popen[bytes]") -> None:
    """End the child and all it started, at once. It may have ended already; what it started may not have."""
    if sys.platform == "win32":
        if child.poll() is None:
            subprocess.run(["taskkill", "/PID", str(child.pid), "/T", "/F"], capture_output=True, check=False)
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
            os.killpg(child.pid, signal.SIGKILL)
        _guard.tell("-", child.pid)
    child.wait()


def failure(program: str, finished: Finished) -> ProviderError:
    """The error for a program that failed: its name, its status, and the last line of its complaint."""
    lines = [line.strip() for line in finished.said.decode("utf-8", "replace").splitlines() if line.strip()]
    words = lines[-1][:_LAST_WORDS] if lines else "it said nothing."
    ended = (
        f"failed with status {finished.status}" if finished.status >= 0 else f"was ended by signal {-finished.status}"
    )
    return ProviderError(f"{Path(program).name} {ended}: {words}", status=finished.status)


def _wait(
    child: "subprocess.Popen[bytes]", program: str, written: tuple[IO[bytes], IO[bytes]], call: Call, limit_s: float
) -> None:
    last = monotonic() + limit_s
    name = Path(program).name
    while True:
        try:
            child.wait(_LOOK_S)
            return
        except subprocess.TimeoutExpired:
            call.raise_if_cancelled()
        if monotonic() > last:
            raise ProviderError(f"{name} did not finish within {limit_s:g} s and was ended.")
        if any(os.fstat(file.fileno()).st_size > _LARGEST_OUTPUT for file in written):
            raise ProviderError(f"{name} wrote more than {_LARGEST_OUTPUT >> 20} MiB and was ended.")


_guard = Guard()
