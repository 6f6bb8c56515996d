"""The last line of the terminal, which the program does not have: who is spoken to, and whether that is heard.

The program is told that its terminal is one line shorter, and what it scrolls is kept within that. Facts: ECMA-48 and
DEC's margins (DECSTBM), which a program takes back to the whole screen by naming none.
"""

import re
from typing import Any

from vox.cli.output import printable
from vox.cli.terminal.screen import Size
from vox.cli.terminal.watcher import Watcher

__all__ = ["StatusLine"]

_FEWEST = 4  # lines of a terminal that can spare one
_ALL_LINES = re.compile(rb"\x1b\[[01]?(?:;0?)?r")
_BEGUN = re.compile(rb"\x1b(?:\[[0-9;]*)?\Z")
_SAVE, _RESTORE, _REVERSE, _PLAIN, _ERASE = b"\x1b7", b"\x1b8", b"\x1b[7m", b"\x1b[0m", b"\x1b[K"

_STATES = {
    "off": "not listening",
    "listening": "listening",
    "recording": "hearing you",
    "transcribing": "writing",
    "playing": "speaking",
    "muted": "muted",
}


class StatusLine:
    """Draws it, as bytes for the terminal.

    Args:
        agent: Id of the agent that the program is.
        claim: How the key is called that has it spoken to.
        watcher: Of the program's output.
    """

    def __init__(self, agent: str, claim: str, watcher: Watcher) -> None:
        self._agent, self._claim, self._watcher = agent, claim, watcher
        self._text, self._drawn = "connecting", ""
        self._held = b""
        self._size = Size()

    @property
    def due(self) -> bool:
        """Whether it is to be drawn, as soon as the program has stopped writing."""
        return self._text != self._drawn or self._watcher.erased or self._watcher.margins_lost

    def within(self, size: Size) -> Size:
        """What the program has of a terminal of that size."""
        self._size = size
        return size._replace(rows=size.rows - self._lines(), height=0) if self._lines() else size

    def begin(self) -> bytes:
        """Make room, wherever the cursor is."""
        self._drawn = ""
        if not self._lines():
            return b""
        return b"\n\x1b[A" + self._margins() + self.draw()

    def show(self, status: dict[str, Any] | None) -> None:
        """Take how things stand, as the door tells it; None when the daemon is gone."""
        self._text = "no daemon" if status is None else self._words(status.get("platform", {}))

    def pass_on(self, data: bytes) -> bytes:
        """What the program writes, but for its taking the whole screen."""
        if not self._lines():
            return data
        data, self._held = self._held + data, b""
        if begun := _BEGUN.search(data):
            data, self._held = data[: begun.start()], begun[0]
        return _ALL_LINES.sub(b"\x1b[1;%dr" % (self._size.rows - 1), data)

    def draw(self) -> bytes:
        """The line itself; to be shown between two sequences of the program."""
        text, self._drawn = self._text, self._text
        lost = self._watcher.margins_lost
        self._watcher.margins_lost = self._watcher.erased = False
        if not self._lines():
            return b""
        shown = printable(f" {self._agent}: {text}")[: self._size.columns - 1]
        line = b"\x1b[%d;1H" % self._size.rows + _REVERSE + shown.encode("utf-8") + _ERASE + _PLAIN
        return (self._margins() if lost else b"") + _SAVE + line + _RESTORE

    def end(self) -> bytes:
        """Give the line back."""
        if not self._lines():
            return b""
        return self._held + _SAVE + b"\x1b[r\x1b[%d;1H" % self._size.rows + _PLAIN + _ERASE + _RESTORE

    def _lines(self) -> int:
        return 1 if self._size.rows >= _FEWEST else 0

    def _margins(self) -> bytes:
        return _SAVE + b"\x1b[1;%dr" % (self._size.rows - 1) + _RESTORE

    def _words(self, platform: dict[str, Any]) -> str:
        error = platform.get("stt", {}).get("error")
        current = platform.get("output", {}).get("current_agent")
        if current != self._agent:
            how = "" if self._claim == "none" else f" ({self._claim} has this one spoken to)"
            return f"the voice is for {current or 'nobody'}{how}"
        return str(error or _STATES.get(platform.get("state", ""), platform.get("state", "")))
