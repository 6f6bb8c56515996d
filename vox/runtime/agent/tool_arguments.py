"""The arguments of a tool call as JSON, also where the model wrote them a little wrong.

Small models leave a comma before the closing brace, forget the brace, quote like Python, or wrap it all in a code fence
or into a string. Such text is read as it was meant. What cannot be read stays as it is, so that whoever runs the tool
sees what the model wrote, and can tell it.
"""

import json
import re
from typing import Any, NoReturn, cast

__all__ = ["repaired"]

_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "undefined": None}
_QUOTES = ('"', "'")
_AFTER_STRING = re.compile(r"\s*(?:[,:}\]]|$)")  # a quote that is followed by anything else belongs to the text
_BARE = re.compile(r"[^,:{}\[\]\"'\n]+")
_ANYTHING = _SPACE = re.compile(r"\s*")
_DIGITS = 4  # of a character's number
_HEX = re.compile(r"[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|[0-9a-fA-F]{4}")  # some come in two halves
_REST = re.compile(r"[\s}\];`]*")  # harmless behind the last brace
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_DEEPEST = 100  # levels of nesting, so that no text exhausts the stack


def repaired(arguments: str) -> str:
    """The text of a JSON object that says what `arguments` says. It is `arguments` itself when that is JSON already, or
    cannot be read as an object. Nothing at all means an object without members."""
    if not arguments.strip():
        return "{}"
    try:
        value: Any = json.loads(arguments, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _mended(arguments)
    if value is None:
        return "{}"
    if isinstance(value, str):  # an object that was encoded twice
        inner = repaired(value)
        return inner if _is_object(inner) else arguments
    return arguments


class _UnreadableError(Exception):
    """The text is too far from JSON."""


class _Reader:
    """Reads one value at a time from `text`, forgiving what `repaired` speaks of."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise _UnreadableError
        sign = self.peek()
        if sign == "{":
            return self.members(depth)
        if sign == "[":
            return self.elements(depth)
        return self.quoted(_AFTER_STRING) if sign in _QUOTES else self.bare()

    def members(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.at += 1
        while self.another("}"):
            key = self.quoted(_ANYTHING) if self.peek() in _QUOTES else self.word()
            if not self.peek():
                break  # the text ends within a name
            if self.peek() != ":":
                raise _UnreadableError
            self.at += 1
            if not self.peek():
                break  # or where its value should be
            found[key] = self.value(depth + 1)
        return found

    def elements(self, depth: int) -> list[Any]:
        found: list[Any] = []
        self.at += 1
        while self.another("]"):
            found.append(self.value(depth + 1))
        return found

    def another(self, closing: str) -> bool:
        """Whether another part comes, past any commas; what closes is read, and the end of the text closes too."""
        while self.peek() == ",":
            self.at += 1
        if self.peek() != closing:
            return self.peek() != ""
        self.at += 1
        return False

    def peek(self) -> str:
        """The next sign that is no space; empty at the end."""
        self.at = _found(_SPACE.match(self.text, self.at)).end()
        return self.text[self.at : self.at + 1]

    def quoted(self, ends: re.Pattern[str]) -> str:
        """A string; a quote closes it where `ends` follows."""
        quote, parts = self.text[self.at], list[str]()
        self.at += 1
        while self.at < len(self.text):
            sign = self.text[self.at]
            self.at += 1
            if sign == quote and ends.match(self.text, self.at):
                break
            parts.append(self.escaped() if sign == "\\" else sign)
        return "".join(parts)

    def escaped(self) -> str:
        sign = self.text[self.at : self.at + 1]
        self.at += 1
        if sign != "u":
            return _ESCAPES.get(sign, sign)
        digits = _HEX.match(self.text, self.at)
        if digits is None:
            if len(self.text) - self.at >= _DIGITS:
                raise _UnreadableError
            self.at = len(self.text)
            return ""
        self.at = digits.end()
        # Read by JSON's own reader, which joins the two halves of one character.
        return cast("str", json.loads(f'"\\u{digits[0]}"'))

    def bare(self) -> Any:
        word = self.word()
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        try:
            return json.loads(word, parse_constant=_refuse)
        except ValueError:
            return word

    def word(self) -> str:
        match = _BARE.match(self.text, self.at)
        if match is None or not match[0].strip():
            raise _UnreadableError
        self.at = match.end()
        return match[0].strip()


def _mended(arguments: str) -> str:
    begin = arguments.find("{")
    reader = _Reader(arguments)
    reader.at = max(begin, 0)
    try:
        value = reader.members(0) if begin >= 0 else None
    except _UnreadableError:
        return arguments
    if value is None or _REST.fullmatch(arguments, reader.at) is None:
        return arguments
    # Half a character cannot be sent as UTF-8.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _found(match: re.Match[str] | None) -> re.Match[str]:
    assert match is not None  # the pattern matches everywhere
    return match
