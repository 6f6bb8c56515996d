"""The two pipes of a provider, kept clear of everything else the process prints.

The answers' descriptor is moved away from number 1 and number 1 becomes stderr, so a `print`, a C library's `printf`
or a child process can never break a line of the protocol. Standard input becomes empty for the same reason.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock  # all that is needed of `threading`, which costs a provider's start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["Output", "take_stdin", "take_stdout"]


def take_stdin() -> BinaryIO:
    """The requests. Whatever else reads standard input from now on finds it empty."""
    requests = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return os.fdopen(requests, "rb")


def take_stdout() -> Output:
    """The answers. Whatever else writes to standard output from now on writes to stderr."""
    sys.stdout.flush()
    answers = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Output(answers)


class Output:
    """Writes whole lines from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = allocate_lock()
        self._gone = False

    @property
    def reader_gone(self) -> bool:
        """True once nobody can read the answers any more."""
        return self._gone or _hung_up(self._descriptor)

    def write(self, *pieces: bytes) -> None:
        """Write one line, given in pieces. Once the reader is gone there is nobody to tell: the line is dropped."""
        with self._lock:
            try:
                for piece in pieces:
                    self._write_all(piece)
            except OSError:
                self._gone = True

    def _write_all(self, data: bytes) -> None:
        written = os.write(self._descriptor, data)
        if written < len(data):
            view = memoryview(data)
            while written < len(data):
                written += os.write(self._descriptor, view[written:])


def _hung_up(descriptor: int) -> bool:
    """Whether the other end of a pipe was closed; where the system cannot tell, the next write will."""
    import select  # rarely needed: only at the end of input

    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))
