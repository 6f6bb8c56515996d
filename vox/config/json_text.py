"""Changing one value in the text of a JSON file, comments allowed, and leaving the rest as its owner wrote it."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from vox.config.comments import without_comments
from vox.errors import ConfigError

__all__ = ["Span", "Way", "cut", "put", "read_document", "spans_of"]

Way: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead to a value; none lead to the whole."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_INDENT = "  "


class Span(NamedTuple):
    """Where a value stands in a text."""

    start: int
    """Where its key begins; where it has none, the value."""
    begin: int
    end: int


def read_document(path: Path, text: str) -> Any:
    """The value of a file's text.

    Raises:
        ConfigError: It is not valid JSON.
    """
    try:
        return json.loads(without_comments(text).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid JSON: {error}. Mend it, then try again.") from None


def spans_of(text: str) -> dict[Way, Span]:
    """Where each value of a valid JSON text, comments aside, begins and ends."""
    text = without_comments(text)
    found: dict[Way, Span] = {}
    path: list[str | int] = []  # one step per open bracket: the key or index we are at
    opened: list[tuple[int, int]] = []
    key_next, start = False, -1
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "}]":
            path.pop()
            found[tuple(path)] = Span(*opened.pop(), match.end())
            key_next, start = False, -1
        elif token == ",":
            step = path[-1]
            key_next, start = not isinstance(step, int), -1
            path[-1] = step + 1 if isinstance(step, int) else step
        elif key_next:
            path[-1], key_next, start = json.loads(token), False, match.start()
        elif token != ":":
            begin = match.start()
            begins = (begin if start < 0 else start, begin)
            start = -1
            if token in "{[":
                opened.append(begins)
                path.append("" if token == "{" else 0)
                key_next = token == "{"
            else:
                found[tuple(path)] = Span(*begins, match.end())
    return found


def put(text: str, way: tuple[str, ...], value: Any) -> str:
    """The text with that value there; objects that lead to it and are not there yet, or are null, are written too.

    Raises:
        ValueError: What stands on the way is no object.
    """
    spans = spans_of(text)
    depth = next(size for size in range(len(way), -1, -1) if way[:size] in spans)
    own = spans[way[:depth]]
    is_object = text[own.begin] == "{"
    if depth < len(way) and is_object:
        return _added(text, spans, way[:depth], way[depth], _nested(way[depth + 1 :], value))
    if depth < len(way) and text[own.begin : own.end] != "null":
        raise ValueError(f"{'.'.join(way[:depth])} is no object")
    return text[: own.begin] + _written(_nested(way[depth:], value)) + text[own.end :]


def cut(text: str, way: Way) -> str:
    """The text without that value, its key and the comma that belongs to it; comments stay."""
    spans, plain = spans_of(text), without_comments(text)
    own = spans[way]
    inside = sorted(span for other, span in spans.items() if len(other) == len(way) and other[:-1] == way[:-1])
    index = inside.index(own)
    rest = text[own.end :]
    if index:
        before = inside[index - 1].end
        comma = plain.index(",", before)
        return text[:before] + _closed_up(text[before:comma] + text[comma + 1 : own.start], rest) + rest
    if len(inside) > 1:
        comma = plain.index(",", own.end) - own.end
        rest = rest[:comma] + rest[comma + 1 :]
        rest = rest if rest.lstrip(" \t")[:1] in ("\r", "\n") else rest.lstrip(" \t")
    return _closed_up(text[: own.start], rest) + rest


def _nested(way: tuple[str, ...], value: Any) -> Any:
    for key in reversed(way):
        value = {key: value}
    return value


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _added(text: str, spans: dict[Way, Span], place: Way, key: str, value: Any) -> str:
    """The text with one more member in an object, behind the others and the comments behind them."""
    own, member = spans[place], f"{_written(key)}: {_written(value)}"
    inside = sorted(span for way, span in spans.items() if len(way) == len(place) + 1 and way[:-1] == place)
    last = inside[-1].end if inside else own.begin + 1
    rest, margin = text[last : own.end - 1], _margin(text, own, len(place))
    if not inside:
        margin = margin if "\n" in margin else "\n" + _INDENT * (len(place) + 1)
        return f"{text[:last]}{rest.rstrip()}{margin}{member}{margin.removesuffix(_INDENT)}{text[own.end - 1 :]}"
    between = margin if "\n" in margin or "\n" not in rest else "\n" + _INDENT * (len(place) + 1)
    kept = rest.rstrip()
    return f"{text[:last]},{kept}{between}{member}{rest[len(kept) :]}{text[own.end - 1 :]}"


def _margin(text: str, own: Span, depth: int) -> str:
    """What stands before the first member of an object stands before each."""
    inner = text[own.begin + 1 : own.end - 1]
    if not inner.strip():
        return "\n" + _INDENT * (depth + 1)
    margin = inner[: len(inner) - len(inner.lstrip())]
    return margin or " "


def _closed_up(before: str, rest: str) -> str:
    """What stands before a gap, without its last blanks, unless a comment would then swallow what comes behind it."""
    return before.rstrip(" \t\r\n") if rest.lstrip(" \t")[:1] in ("\r", "\n") else before
