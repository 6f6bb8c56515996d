"""What of a written text is said: no marks of Markdown, no code, no addresses, no emoji.

A text comes in pieces, cut where the voice pauses; what began in one piece, such as a block of code, goes on in the
next.
"""

import re

__all__ = ["SpokenText"]

_FENCE = re.compile(r"(```+|~~~+)")
_ADDRESS = re.compile(r"<?\b(?:https?://|ftp://|mailto:|www\.)[^\s<>\"'”’)\]]*(?<![.,;:!?…*_~`])>?")
_ADDRESS_AT_END = re.compile(r"(?:https?://|ftp://|mailto:|www\.)\S*$")
_IMAGE_MARK = re.compile(r"!(?=\[)")
_LINK_TARGET = re.compile(r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)|\]\[[^\]]*\]")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>")
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)
_TABLE_EDGE = re.compile(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", re.MULTILINE)
_CELL_EDGE = re.compile(r"[ \t]*\|")
_RULE = re.compile(r"^[ \t]*([-*_=])(?:[ \t]*\1){2,}[ \t]*$", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*[-*+•][ \t]+(?:\[[ xX]\][ \t]+)?", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+", re.MULTILINE)
_STARS = re.compile(r"(?<![\d\s])\*+|\*+(?![\d\s*])|\*{2,}")
_LINES = re.compile(r"(?<!\w)_+|_+(?!\w)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff\u25a0-\u25ff"
    "\ufe0e\ufe0f\u200d\u20e3\U000e0020-\U000e007f]+"
)
_LINE_END = re.compile(r"(?<=\w)([)\]\"'”’»]*)[ \t]*\n\s*(?=\S)|(?<=\w)([)\]\"'”’»]*)[ \t]*\n\s*$")
_BLANKS = re.compile(r"\s+")
_BLANK_BEFORE_MARK = re.compile(r"\s+(?=[.,;:!?…。，](?:\s|$))")
_LOOSE_BEGINNING = re.compile(r"^[\s.,;:!?…)\]}»”’」』）】。，、！？；：]+")
_MARKS = (
    *(_TAG, _TABLE_RULE, _TABLE_EDGE, _RULE, _QUOTE, _BULLET, _HEADING, _STARS, _LINES, _EMOJI),
    re.compile(r"[`\[\]]|~~"),
)


class SpokenText:
    """Cleans one text, piece by piece in order."""

    def __init__(self) -> None:
        self._in_code = self._in_address = False

    def clean(self, piece: str) -> str:
        """What is to be said of a piece; empty where nothing of it is."""
        text = self._without_code(self._without_rest_of_address(piece))
        text = _ADDRESS.sub("", _LINK_TARGET.sub("", _IMAGE_MARK.sub("", _ESCAPED.sub(r"\1", text))))
        text = _LINE_BREAK.sub("\n", text)
        for pattern in _MARKS:
            text = pattern.sub("", text)
        text = _LINE_END.sub(r"\1\2. ", _CELL_EDGE.sub(",", text))
        text = _BLANK_BEFORE_MARK.sub("", _BLANKS.sub(" ", text))
        text = _LOOSE_BEGINNING.sub("", text).strip()
        return text if any(map(str.isalnum, text)) else ""

    def _without_rest_of_address(self, piece: str) -> str:
        """Without the address that the last piece broke off in; it goes to the first blank."""
        if self._in_address:
            rest = piece.lstrip()
            if rest == piece:
                rest = re.sub(r"^\S+", "", piece)
            self._in_address = not rest
            return rest
        self._in_address = not self._in_code and _ADDRESS_AT_END.search(piece) is not None
        return piece

    def _without_code(self, piece: str) -> str:
        kept: list[str] = []
        for part in _FENCE.split(piece):
            if _FENCE.fullmatch(part):
                self._in_code = not self._in_code
                kept.append(" ")
            elif not self._in_code:
                kept.append(part)
        return "".join(kept)
