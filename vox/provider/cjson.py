"""JSON by the C half of the standard library's `json`.

The Python half of `json` compiles regular expressions when it is imported, which takes a provider as long as the rest
of its start. These two functions drive the same C scanner and encoder; an interpreter without them uses `json` itself.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["dumps", "loads"]

_SPACE = " \t\r\n"


class _Scanner:
    """What the C scanner reads from the decoder it belongs to."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(lambda name: None)  # NaN and the infinities are no JSON; they count as absent


def loads(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: Not JSON.
        RecursionError: Nested too deeply.
    """
    text, value = text.strip(_SPACE), None
    try:
        value, end = _scan(text, 0)
    except (StopIteration, SystemError):  # the second: it looks for an error class that nobody has imported yet
        end = -1
    if end != len(text):
        import json  # to say what is wrong with the text

        return json.loads(text, parse_constant=lambda name: None)
    return value


def dumps(value: Any, default: Callable[[Any], Any]) -> str:
    """The compact JSON text of a value; `default` replaces what JSON has no form for.

    Raises:
        ValueError: A NaN or an infinity, or a value that contains itself.
        TypeError: `default` found no form either.
    """
    return _make_dumps(default)(value)


def _by_json(default: Callable[[Any], Any]) -> Callable[[Any], str]:
    import json

    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=default).encode


try:
    from _json import encode_basestring, make_encoder, make_scanner

    _context: Any = _Scanner
    _scan = make_scanner(_context)

    def _make_dumps(default: Callable[[Any], Any]) -> Callable[[Any], str]:
        encode = make_encoder({}, default, encode_basestring, None, ":", ",", False, False, False)
        return lambda value: "".join(encode(value, 0))

    _make_dumps(str)({"a": ["b", 1, 1.5, None, True]})
except (ImportError, TypeError):  # another interpreter, or a version whose C half is called differently
    import json as _python_json

    _decoder: Any = _python_json.JSONDecoder(parse_constant=lambda name: None)
    _scan = _decoder.scan_once
    _make_dumps = _by_json
