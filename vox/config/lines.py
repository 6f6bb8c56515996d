"""Which line of a JSON text a value stands on. The standard parser does not tell, and users need it to mend a file."""

import re
from typing import TypeAlias

__all__ = ["Place", "line_of"]

Place: TypeAlias = tuple[str | int, ...]
"""The way to a value: object keys and array indices."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_QUOTED_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"')


def line_of(text: str, place: Place) -> int:
    """The line (from 1) of the value at `place`, or of its nearest existing ancestor."""
    lines = _places(text)
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _places(text: str) -> dict[Place, int]:
    found: dict[Place, int] = {}
    path: list[str | int] = []  # one step per open bracket: the key or index we are at
    key_next: list[bool] = []  # per open bracket: an object whose next string is a key
    for match in _TOKEN.finditer(text):
        token = match.group()
        line = text.count("\n", 0, match.start()) + 1
        if token in "}]":
            if path:
                path.pop()
                key_next.pop()
        elif token == ",":
            if path and isinstance(path[-1], int):
                path[-1] += 1
            elif path:
                key_next[-1] = True
        elif key_next and key_next[-1] and (key := _QUOTED_KEY.fullmatch(token)):
            path[-1] = key.group(1)
            key_next[-1] = False
            found.setdefault(tuple(path), line)
        elif token != ":":
            found.setdefault(tuple(path), line)
            if token in "{[":
                path.append("" if token == "{" else 0)
                key_next.append(token == "{")
    return found
