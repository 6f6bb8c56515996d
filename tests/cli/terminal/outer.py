"""A terminal in front of which a user sits: `vox` runs in it, is typed to, and what it shows is kept."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.cli.daemons import environment
from vox.paths import Home

BOUND_S = 15.0


class Terminal:
    """One terminal of 24 lines and 80 columns, and the process that was started in it."""

    def __init__(self, home: Home, words: tuple[str, ...], more: dict[str, str]) -> None:
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            command = [sys.executable, "-P", "-m", "vox", *words]
            with suppress(BaseException):
                os.execve(sys.executable, command, {**environment(home), "TERM": "xterm-256color", "PS1": "$ ", **more})
            os._exit(99)
        self.before: list[Any] = termios.tcgetattr(self.fd)

    def attributes(self) -> list[Any]:
        """How it treats its keyboard now."""
        return termios.tcgetattr(self.fd)

    def type(self, keys: str | bytes) -> None:
        """Press keys."""
        os.write(self.fd, keys if isinstance(keys, bytes) else keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Change its size."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, wanted: str | bytes | Callable[[bytes], object]) -> bytes:
        """Wait until that is shown, and give all that was shown up to now and not given before."""
        if not callable(wanted):
            sought = wanted if isinstance(wanted, bytes) else wanted.encode()
            return self.until(lambda shown: sought in shown)
        deadline = time.monotonic() + BOUND_S
        while not wanted(self.shown):
            assert time.monotonic() < deadline, self.shown
            if select.select([self.fd], [], [], 0.05)[0] and not self._read():
                assert wanted(self.shown), self.shown
        shown, self.shown = self.shown, b""
        return shown

    def wait(self) -> int:
        """The exit status, when it has ended; all it has shown is in `shown`."""
        deadline = time.monotonic() + BOUND_S
        while True:
            if select.select([self.fd], [], [], 0.01)[0]:
                self._read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while select.select([self.fd], [], [], 0)[0] and self._read():
                    pass
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < deadline, self.shown

    def _read(self) -> bool:
        with suppress(OSError):
            data = os.read(self.fd, 65536)
            self.shown += data
            return bool(data)
        return False

    def close(self) -> None:
        """Take it away."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@contextmanager
def terminal(home: Home, *words: str, **more: str) -> Iterator[Terminal]:
    """A terminal in which `vox` runs with these words."""
    opened = Terminal(home, words, more)
    try:
        yield opened
    finally:
        opened.close()
