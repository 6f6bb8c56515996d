"""What comes from the keyboard: everything is the program's, but the key that has the agent spoken to, and the
terminal's word on whether it has the keyboard at all."""

import re

from vox.cli.terminal.watcher import FOCUS_EVENTS, Watcher

__all__ = ["KEYS", "Keyboard"]

KEYS = {f"ctrl-{name}": code for code, name in ((28, "\\"), (29, "]"), (30, "^"), (31, "_"))} | {"none": 0}
"""Keys that may claim the voice, and the control characters that they send; programs rarely use these."""

_FOCUS = re.compile(rb"\x1b\[([IO])")
_PASTE, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_SHIFTED = 64  # between a control character and the key it is made with


class Keyboard:
    """Takes out of what is typed what is not the program's.

    Args:
        claim: Name of a key in `KEYS`.
        watcher: Knows whether the program itself wants to be told of the focus.
    """

    def __init__(self, claim: str, watcher: Watcher) -> None:
        self._watcher = watcher
        self._claim = _sent_by(KEYS[claim])
        self.pasting = False
        """Whether a paste has begun and not ended: nothing may be typed between its parts."""
        self.claimed = False
        """Whether the key was pressed; for others to take back."""
        self.focused: bool | None = None
        """Whether the terminal has got the keyboard, or lost it; None when neither has been told. Likewise."""

    def feed(self, data: bytes) -> bytes:
        """Take what was typed; what of it is for the program."""
        before, paste, rest = (b"", b"", data) if self.pasting else data.partition(_PASTE)
        if not (self.pasting or paste):
            return self._keys(data)
        self.pasting = True
        inside, ended, after = rest.partition(_PASTE_END)
        kept = self._keys(before) + paste + inside + ended
        if not ended:
            return kept
        self.pasting = False
        return kept + self.feed(after)

    def _keys(self, data: bytes) -> bytes:
        if self._claim is not None:
            data, count = self._claim.subn(b"", data)
            self.claimed = self.claimed or count > 0
        for found in _FOCUS.finditer(data):
            self.focused = found[1] == b"I"
        return data if FOCUS_EVENTS in self._watcher.modes else _FOCUS.sub(b"", data)


def _sent_by(code: int) -> "re.Pattern[bytes] | None":
    """All that terminals send for a control key: its character, or what the kitty protocol or xterm have instead, with
    whichever locks are on; not for its release."""
    if not code:
        return None
    key = code + _SHIFTED
    kitty = rb"\x1b\[%d(?:::?\d+)*;(?:5|69|133|197)(?::[12])?(?:;[\d:]*)?u" % key
    return re.compile(rb"\x%02x|%b|\x1b\[27;5;%d~" % (code, kitty, key))
