"""What was published, to hold our messages against."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker

PUBLISHED = Path(__file__).parent / "published"

_TIME = re.compile(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
"""RFC 3339, where the T is the T that most programs want."""


def faults(message: Any) -> list[str]:
    """What in a message is not as the published schema says, formats included."""
    return [f"{error.json_path}: {error.message[:200]}" for error in _validator().iter_errors(message)]


def cases() -> list[tuple[str, Any, bool]]:
    """The published test cases: description, message, whether it is valid."""
    groups = json.loads((PUBLISHED / "messages-tests.json").read_text(encoding="utf-8"))
    return [(case["description"], case["data"], case["valid"]) for group in groups for case in group["tests"]]


def events(stream: bytes) -> list[tuple[str | None, Any]]:
    """The events of a stream: name and data. Each must be as every published client reads it."""
    found: list[tuple[str | None, Any]] = []
    for block in stream.split(b"\n\n"):
        lines = [line for line in block.split(b"\n") if line and not line.startswith(b":")]
        if lines:
            assert lines[-1].startswith(b"data: ") and b"\r" not in block, block
            assert all(line.startswith(b"event: ") for line in lines[:-1]) and len(lines) <= 2, block
            name = lines[0].removeprefix(b"event: ").decode("ascii") if len(lines) == 2 else None
            found.append((name, orjson.loads(lines[-1].removeprefix(b"data: "))))
    return found


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads((PUBLISHED / "message-v1.0.json").read_text(encoding="utf-8"))
    formats = FormatChecker(["uuid"])

    @formats.checks("date-time")
    def _(value: object) -> bool:
        return not isinstance(value, str) or _TIME.fullmatch(value) is not None

    return Draft202012Validator(schema, format_checker=formats)
