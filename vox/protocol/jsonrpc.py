"""JSON-RPC 2.0 values and their bytes: requests, notifications, answers, and the two forms of an error.

Reading is tolerant where real programs are sloppy (`NaN`, lone surrogates, errors as plain strings) and strict where
tolerance would hurt (nesting, non-objects). Writing is always strict JSON.
"""

import json
from typing import Any, NamedTuple, cast

import orjson

__all__ = [
    "BUSY",
    "CANCELLED",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "MAX_NESTING",
    "METHOD_NOT_FOUND",
    "PARSE_ERROR",
    "ErrorObject",
    "MalformedError",
    "encode",
    "parse",
    "read_error",
]

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
BUSY, CANCELLED = -32001, -32800

MAX_NESTING = 64
"""Deeper values are refused: no message of the protocol is nested more than six levels."""


_INT64 = (-(2**63), 2**64 - 1)  # what orjson writes; when it reads more than that, it makes a float of it
_FLOAT_MAX = 10**308


_LONGEST_MESSAGE = 2000  # characters of an error's words: what is longer is no sentence for a user


class MalformedError(ValueError):
    """The bytes are not one JSON value that may be trusted.

    Args:
        number: The id of the message, when at least that could be read.
    """

    def __init__(self, why: str, number: Any = None) -> None:
        super().__init__(why)
        self.number = number


class ErrorObject(NamedTuple):
    """A JSON-RPC error; a plain string becomes one with code -32000."""

    code: int
    message: str
    data: dict[str, Any]


def encode(message: dict[str, Any]) -> bytes:
    """One message as a line, newline included. Lone surrogates and endless integers are mended, not refused."""
    try:
        return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # orjson's word for invalid UTF-16 in a string, and for integers of more than 64 bits
        return orjson.dumps(_mend(message, 0), option=orjson.OPT_APPEND_NEWLINE)


def parse(line: bytes | memoryview) -> Any:
    """One line as a JSON value; `NaN` and `Infinity` read as None, a leading BOM and `\\r` are ignored.

    Raises:
        MalformedError: Not JSON, not UTF-8, or nested deeper than `MAX_NESTING`.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = _parse_sloppy(bytes(line))
    # A cheap bound first: fewer brackets than the limit cannot nest deeper than the limit.
    data = line if isinstance(line, bytes) else bytes(line)
    if data.count(b"{") + data.count(b"[") > MAX_NESTING:
        _check_depth(value)
    return value


def read_error(value: Any) -> ErrorObject:
    """The `error` member of an answer, whatever its form."""
    if not isinstance(value, dict):
        return ErrorObject(-32000, str(value)[:_LONGEST_MESSAGE], {})
    error = cast("dict[str, Any]", value)
    code, data = error.get("code"), error.get("data")
    return ErrorObject(
        code if isinstance(code, int) else -32000,
        str(error.get("message") or "no message")[:_LONGEST_MESSAGE],
        cast("dict[str, Any]", data) if isinstance(data, dict) else {},
    )


def _parse_sloppy(line: bytes) -> Any:
    try:
        value = json.loads(line.decode("utf-8-sig"), parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise MalformedError(str(error)) from None
    return _mend(value, 0)


def _mend(value: Any, depth: int) -> Any:
    """Replace what UTF-8 or 64 bits cannot carry; refuse what is nested too deep to walk."""
    if depth > MAX_NESTING:
        raise MalformedError(f"nested deeper than {MAX_NESTING}")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int) and not _INT64[0] <= value <= _INT64[1]:
        return float(value) if abs(value) < _FLOAT_MAX else None
    if isinstance(value, dict):
        items = cast("dict[Any, Any]", value).items()
        return {_mend(key, depth + 1): _mend(item, depth + 1) for key, item in items}
    if isinstance(value, list):
        return [_mend(item, depth + 1) for item in cast("list[Any]", value)]
    return value


def _check_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_NESTING + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += cast("dict[str, Any]", item).values()
            elif isinstance(item, list):
                inner += cast("list[Any]", item)
        if not inner:
            return
        level = inner
    number: Any = cast("dict[str, Any]", value).get("id") if isinstance(value, dict) else None
    raise MalformedError(f"nested deeper than {MAX_NESTING}", number)
