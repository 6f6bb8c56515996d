"""The program: a process that leads a session of its own under a pseudo-terminal."""

import contextlib
import os
import pty
import select
import signal
import termios
import time
from collections.abc import Sequence
from typing import Any

from vox.cli.terminal.screen import Size, set_size
from vox.cli.terminal.typist import Reads

__all__ = ["Program"]

_NOT_EXECUTED = 126  # what a shell says of a program that cannot be run
_END_S = 2.0  # for a program to end when its terminal goes
_LFLAG = 3  # of what termios gives
_EDITORS = frozenset(
    ("vi", "vim", "vim.basic", "vim.tiny", "nvim", "nano", "emacs", "micro", "hx", "kak", "joe", "pico")
)


class Program:
    """A running one. It is started before this process has any thread: the child is a copy of it.

    Args:
        command: Found along `PATH`.
        environment: Of the program.
        size: Of its terminal.
        attributes: Of its terminal, as `termios` has them; None for the system's.
    """

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], size: Size, attributes: list[Any] | None
    ) -> None:
        self._started = os.path.basename(command[0])
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            _become(command, environment, size, attributes)
        os.set_blocking(self.terminal, False)
        self._status: int | None = None

    def poll(self) -> int | None:
        """The exit status, as a shell tells it; None while it runs."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._status = code if code >= 0 else 128 - code
        return self._status

    def read(self) -> bytes | None:
        """What it has written; None when there is nothing now, empty when there will be nothing."""
        try:
            return os.read(self.terminal, 65536)
        except BlockingIOError:
            return None
        except OSError:  # on some systems: nobody has the other side open any more
            return b""

    def write(self, keys: bytes) -> int:
        """Type something. Returns how many bytes of it the terminal had room for."""
        try:
            return os.write(self.terminal, keys)
        except BlockingIOError:
            return 0
        except OSError:
            return len(keys)  # nobody will read it

    def resize(self, size: Size) -> None:
        """Tell it the size of its terminal."""
        with contextlib.suppress(OSError):
            set_size(self.terminal, size)

    def reads(self) -> Reads:
        """How it reads its keyboard now."""
        try:
            flags = termios.tcgetattr(self.terminal)[_LFLAG]
        except (OSError, termios.error):
            return Reads.LINES
        if self._name() in _EDITORS:
            return Reads.TEXT
        return Reads.LINES if flags & (termios.ICANON | termios.ISIG) else Reads.KEYS

    def _name(self) -> str:
        """Of the program that has the keyboard, where the system tells: a shell may have started another."""
        try:
            with open(f"/proc/{os.tcgetpgrp(self.terminal)}/comm", encoding="utf-8", errors="replace") as file:
                return file.read().strip()
        except OSError:
            return self._started

    def end(self) -> int:
        """Take its terminal away, wait for it to end, and see to it that it does. Returns the exit status."""
        with contextlib.suppress(OSError):
            os.close(self.terminal)
        deadline = time.monotonic() + _END_S
        while self.poll() is None and time.monotonic() < deadline:
            select.select([], [], [], 0.01)
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._status = 128 + signal.SIGKILL
        assert self._status is not None
        return self._status


def _become(command: Sequence[str], environment: dict[str, str], size: Size, attributes: list[Any] | None) -> None:
    """In the new process: be the program."""
    try:
        if attributes is not None:
            termios.tcsetattr(0, termios.TCSANOW, attributes)
        set_size(0, size)
        for name in ("SIGPIPE", "SIGXFSZ", "SIGINT", "SIGTERM", "SIGHUP", "SIGWINCH", "SIGCHLD"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        os.execvpe(command[0], list(command), environment)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\r\n".encode())
    finally:
        os._exit(_NOT_EXECUTED)
