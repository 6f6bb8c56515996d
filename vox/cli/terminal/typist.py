"""Types what is said: the text, and behind it the keys that send it or begin a new line."""

import re
from collections import deque
from collections.abc import Callable
from enum import Enum

from vox.cli.output import printable
from vox.client.agents.message import AgentMessage

__all__ = ["ENTER_AFTER_S", "NEWLINES", "Reads", "Typist"]

ENTER_AFTER_S = 0.075
"""Seconds between a text and its Enter: programs that see both at once take them for a paste, in which Enter is a line
end and sends nothing."""

NEWLINES = {"alt-enter": b"\x1b\r", "enter": b"\r", "blank": b" ", "ctrl-j": b"\n"}
"""Names of the keys that begin a new line, and what they send."""

_ENTER = b"\r"
_MOST = 1000  # texts that may wait for a program that does not read; a day's talk
_LINE_ENDS = re.compile(r"\s*[\n\r]\s*")


class Reads(Enum):
    """How a program reads its keyboard at the moment, as far as its terminal can tell."""

    LINES = "the system edits its lines, or a library does while Ctrl-C still interrupts: shells, interpreters"
    KEYS = "all keys are its own: agents, whatever fills the screen"
    TEXT = "as KEYS, but it is an editor, in which Enter sends nothing, and the first half of Alt+Enter gives commands"


class Typist:
    """Turns messages into keystrokes, one after the other.

    Args:
        newline: Name of a key in `NEWLINES`; None leaves it to how the program reads: Alt+Enter, in an editor Enter. In
            one that reads lines, Alt+Enter would be anything but a new line, and Enter would send what is not to be
            sent: there it is a blank.
        reads: Tells how that is.
        clock: Seconds that only grow.
    """

    def __init__(self, newline: str | None, reads: Callable[[], Reads], clock: Callable[[], float]) -> None:
        self._newline = None if newline is None else NEWLINES[newline]
        self._reads, self._clock = reads, clock
        self._waiting = deque[tuple[float, bytes | None]]()  # pause before it, what is typed; None is a new line
        self._typed_at = float("-inf")

    def take(self, message: AgentMessage) -> None:
        """Have a message typed. When too many wait, nothing more is taken."""
        if message.type != "transcription" or message.partial or len(self._waiting) >= _MOST:
            return
        lines = _LINE_ENDS.split(printable(message.text).replace("\t", " ").strip("\r\n"))
        for number, line in enumerate(lines):
            if number:
                self._waiting.append((0.0, None))
            if line:
                self._waiting.append((0.0, line.encode("utf-8")))
        for op in message.ops:
            if op == "submit":
                self._waiting.append((ENTER_AFTER_S, _ENTER))
            elif op == "newline":
                self._waiting.append((0.0, None))

    def due_in(self) -> float | None:
        """Seconds until something is to be typed; None when nothing waits."""
        if not self._waiting:
            return None
        return max(0.0, self._typed_at + self._waiting[0][0] - self._clock())

    def type(self) -> bytes:
        """What is to be typed now; to be called when what was typed before has gone to the program."""
        typed = bytearray()
        while self._waiting and self.due_in() == 0.0:
            _, keys = self._waiting.popleft()
            typed += self._new_line() if keys is None else keys
            self._typed_at = self._clock()
        return bytes(typed)

    def _new_line(self) -> bytes:
        if self._newline is not None:
            return self._newline
        return NEWLINES[_NEWLINE_OF[self._reads()]]


_NEWLINE_OF = {Reads.LINES: "blank", Reads.KEYS: "alt-enter", Reads.TEXT: "enter"}
