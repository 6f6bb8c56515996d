"""Thoughts a model writes into its answer between `<think>` and `</think>`: not meant to be heard."""

import re

__all__ = ["Thinking"]

_OPEN, _CLOSE = re.compile(r"<think(?:ing)?>\s*"), re.compile(r"</think(?:ing)?>\s*")
_OPENING = ("<think>", "<thinking>")
_CLOSING = ("</think>", "</thinking>")


class Thinking:
    """Takes thoughts out of text that comes in pieces of any size.

    Args:
        begun: The text begins inside a thought, because the mark that opens it was in the prompt.
    """

    def __init__(self, *, begun: bool = False) -> None:
        self._held = ""
        self._inside = begun
        self._begun = begun
        self._after = False
        """A thought has just ended: the blanks that follow it belong to it."""

    @property
    def never_ended(self) -> bool:
        """The thought that the text begins with has not ended, so that nothing could be shown."""
        return self._begun

    def end_first(self) -> None:
        """The thought that the text should begin with has ended elsewhere: what comes can be shown."""
        if self._begun:
            self._inside = self._begun = False

    def feed(self, text: str) -> str:
        """What of the text so far can be shown now; the begin of a mark is held back until it is known to be one."""
        self._held += text
        shown: list[str] = []
        while (mark := (_CLOSE if self._inside else _OPEN).search(self._held)) is not None:
            shown.append("" if self._inside else self._visible(self._held[: mark.start()]))
            self._held = self._held[mark.end() :]
            self._after = self._inside
            self._inside = not self._inside
            self._begun = False
        known = len(self._held) - _begun(self._held, _CLOSING if self._inside else _OPENING)
        if not self._inside:
            shown.append(self._visible(self._held[:known]))
        self._held = self._held[known:]
        return "".join(shown)

    def end(self) -> str:
        """What was held back and is no mark, as it turns out. A thought that never ended stays hidden."""
        left, self._held = self._held, ""
        return "" if self._inside else self._visible(left)

    def _visible(self, text: str) -> str:
        if self._after:
            text = text.lstrip()
        self._after = self._after and not text
        return text


def _begun(text: str, marks: tuple[str, ...]) -> int:
    """How many characters at the end of the text may be the begin of a mark."""
    longest = max(map(len, marks)) - 1
    sizes = range(min(longest, len(text)), 0, -1)
    return next((size for size in sizes if any(mark.startswith(text[-size:]) for mark in marks)), 0)
