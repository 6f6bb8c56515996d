"""The user's own terminal: made raw while the program has it, and given back as it was."""

import fcntl
import os
import struct
import sys
import termios
import tty
from contextlib import suppress
from typing import Any, NamedTuple

__all__ = ["Screen", "Size", "set_size"]


class Size(NamedTuple):
    """Of a terminal, in characters, and in pixels where it tells."""

    rows: int = 24
    columns: int = 80
    width: int = 0
    height: int = 0


class Screen:
    """Standard input and output. Either may be something else than a terminal; then that much is left out."""

    def __init__(self) -> None:
        self.keyboard, self._output = sys.stdin.fileno(), sys.stdout.fileno()
        self.has_keyboard, self.is_shown = os.isatty(self.keyboard), os.isatty(self._output)
        self.attributes: list[Any] | None = termios.tcgetattr(self.keyboard) if self.has_keyboard else None
        """Of the keyboard, as they were found."""

    def size(self) -> Size:
        """As it is now."""
        for descriptor in (self._output, self.keyboard):
            try:
                found = struct.unpack("HHHH", fcntl.ioctl(descriptor, termios.TIOCGWINSZ, bytes(8)))
            except OSError:
                continue
            if found[0] and found[1]:
                return Size(*found)
        return Size()

    def has_foreground(self) -> bool:
        """Whether what is typed comes to us."""
        try:
            return self.has_keyboard and os.tcgetpgrp(self.keyboard) == os.getpgrp()
        except OSError:
            return False

    def make_raw(self) -> None:
        """Have every key come as it is, and nothing shown that the program does not write. A terminal that has gone has
        no keys."""
        if self.has_keyboard:
            with suppress(termios.error):
                tty.setraw(self.keyboard, termios.TCSADRAIN)

    def restore(self) -> None:
        """Give the keyboard back."""
        if self.attributes is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.keyboard, termios.TCSADRAIN, self.attributes)

    def read(self) -> bytes:
        """What was typed; empty at its end. Waits for it."""
        return os.read(self.keyboard, 65536)

    def write(self, data: bytes) -> None:
        """Show something.

        Raises:
            OSError: Nobody sees it any more.
        """
        while data:
            data = data[os.write(self._output, data) :]


def set_size(descriptor: int, size: Size) -> None:
    """Tell a pseudo-terminal its size; the programs in it are told."""
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", *size))
