"""Answers and events held against what `rpc.discover` says of them."""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from vox.doors.rpc.described.document import METHODS, document


def faults(method: str, frame: dict[str, Any]) -> list[str]:
    """What in a frame that answers `method` is not as described; a key that is not described is a fault, too."""
    told = frame.get("params", frame) if frame.get("method") == "event" else frame
    if "event" in told:
        described = METHODS[method].events | METHODS[method].pushes
        return _faults(described[told["event"]], told["data"]) if told["event"] in described else [told["event"]]
    return _faults(METHODS[method].result, frame["result"]) if "result" in frame else []


def _faults(schema: dict[str, Any], value: Any) -> list[str]:
    validator = Draft202012Validator({**_closed(schema), "components": _components()})
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


@cache
def _components() -> dict[str, Any]:
    return {"schemas": {name: _closed(shape) for name, shape in document()["components"]["schemas"].items()}}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, with objects that have no other keys than those described."""
    closed = deepcopy(schema)
    for inner in _objects(closed):
        if "properties" in inner:
            inner.setdefault("additionalProperties", False)
    return closed


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
