"""What a program's output does to the terminal: which modes it has turned on, and where something may be drawn between.

Facts: ECMA-48; xterm's control sequences; the kitty keyboard protocol.
"""

import re

__all__ = ["FOCUS_EVENTS", "Watcher"]

FOCUS_EVENTS = 1004
"""The mode in which a terminal tells that it got or lost the keyboard."""

_SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[(?P<private>[?<=>]?)(?P<params>[0-9;:]*)[ -/]*(?P<final>[@-~])"
    rb"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # strings, such as titles
    rb"|[ -/]*[0-OQ-WYZ\\`-~])"
)
_STRING = re.compile(rb"\x1b[\]PX^_]")
_PARTIAL = re.compile(rb"\x1b(?:\[[0-?]*)?[ -/]*")

_HIDES_CURSOR = 25  # the only mode that is on where nothing is running
_LEFT_BEHIND = (1049, 1047, 47, 2004, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2026, 2031, 1, 66)
"""Modes that a program may leave on when it dies: another screen, pastes and mice that are told, other keys."""


class Watcher:
    """Looks at the output of one program, as it comes."""

    def __init__(self) -> None:
        self.modes: set[int] = set()
        """DEC private modes that are on."""
        self.hides_cursor = False
        self.margins_lost = False
        """Whether something has happened that may have given the program lines that are not its own; for others to
        take back."""
        self.erased = False
        """Whether lines that are not the program's may have been erased; likewise."""
        self._keyboards = 0  # levels of the kitty protocol
        self._tail = b""

    @property
    def is_between(self) -> bool:
        """Whether the output so far ends between two characters and two sequences."""
        return not self._tail

    def feed(self, data: bytes) -> None:
        """Take what the program has written."""
        data, end = self._tail + data, 0
        for found in _SEQUENCE.finditer(data):
            end = found.end()
            if found["final"]:
                self._note(found["private"], found["params"], found["final"])
            elif found[0] == b"\x1bc":
                self._reset()
        self._tail = _unfinished(data[end:])

    def leave(self) -> bytes:
        """What brings the terminal back to how the program found it."""
        text = b"".join(b"\x1b[?%dl" % mode for mode in _LEFT_BEHIND if mode in self.modes)
        if self._keyboards:
            text += b"\x1b[<%du" % self._keyboards
        return text + (b"\x1b[?25h" if self.hides_cursor else b"") + (b"\x1b[0m" if text else b"")

    def _note(self, private: bytes, params: bytes, final: bytes) -> None:
        if private == b"?" and final in b"hl":
            for number in (int(one) for one in params.split(b";") if one.isdigit()):
                self._set(number, final == b"h")
        elif final == b"u" and private in (b">", b"<"):
            count = int(params) if params.isdigit() else 1
            self._keyboards = self._keyboards + 1 if private == b">" else max(0, self._keyboards - count)
        elif final == b"J":
            self.erased = True
        elif final == b"p" and not params and not private:  # soft reset
            self.margins_lost = True

    def _set(self, mode: int, on: bool) -> None:
        if mode == _HIDES_CURSOR:
            self.hides_cursor = not on
        elif on:
            self.modes.add(mode)
        else:
            self.modes.discard(mode)
        if mode in (47, 1047, 1049):
            self.margins_lost = self.erased = True

    def _reset(self) -> None:
        self.modes.clear()
        self._keyboards, self.hides_cursor = 0, False
        self.margins_lost = self.erased = True


def _unfinished(rest: bytes) -> bytes:
    """The end of what lies behind all sequences, if that is the beginning of another one, or of a character."""
    start = rest.rfind(b"\x1b")
    if start >= 0 and rest[start:] == b"\x1b" and (string := _STRING.search(rest[:start])):
        start = string.start()  # perhaps the end of the string
    if start >= 0:
        tail = rest[start:]
        if _STRING.match(tail):
            return tail[:2] + (b"\x1b" if tail.endswith(b"\x1b") else b"")  # its contents mean nothing to us
        if _PARTIAL.fullmatch(tail):
            return tail
    for back in range(1, min(4, len(rest) + 1)):
        byte = rest[-back]
        if 0xC2 <= byte <= 0xF4:
            return rest[-back:] if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else b""
        if not 0x80 <= byte < 0xC0:
            break
    return b""
