"""Comments in a file of JSON: `// to the end of the line` and `/* until here */`, as people write them beside entries.

They are replaced by as many spaces, so that lines and places in what is left are those of the file.
"""

import re

__all__ = ["without_comments"]

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_NOT_LINE_ENDS = re.compile(r"[^\r\n]")


def without_comments(text: str) -> str:
    """The text with its comments blanked out; strings stay as they are."""
    return _PIECE.sub(_blanked, text)


def _blanked(found: re.Match[str]) -> str:
    piece = found.group()
    return piece if piece.startswith('"') else _NOT_LINE_ENDS.sub(" ", piece)
