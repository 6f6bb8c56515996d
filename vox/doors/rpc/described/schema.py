"""JSON Schemas in few words, and what a method is described with."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = [
    "ANY",
    "FLAG",
    "INTEGER",
    "MOMENT",
    "NUMBER",
    "OBJECT",
    "TEXT",
    "Described",
    "Param",
    "Schema",
    "array",
    "maybe",
    "number",
    "one_of",
    "optional",
    "record",
    "ref",
]

Schema: TypeAlias = dict[str, Any]

ANY: Schema = {}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
OBJECT: Schema = {"type": "object", "additionalProperties": True}
MOMENT: Schema = {"type": "string", "format": "date-time"}

_OPTIONAL = "x-optional"


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter."""

    schema: Schema
    about: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """A method."""

    summary: str
    result: Schema
    params: dict[str, Param] = field(default_factory=dict[str, Param])
    events: dict[str, Schema] = field(default_factory=dict[str, Schema])
    """What is told while it runs: the data of each event."""
    pushes: dict[str, Schema] = field(default_factory=dict[str, Schema])
    """Events that it causes and that belong to the connection."""
    owner: bool = False
    """Only for the daemon's owner."""
    programs: bool = False
    """Not for web pages."""
    identified: bool = True
    """Whether `clientId` tells who asks."""


def ref(name: str) -> Schema:
    """One of the shapes that have a name."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(of: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": of}


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(*values: str) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": list(values)}


def number(least: float | None = None, most: float | None = None, *, whole: bool = False) -> Schema:
    """A number within bounds."""
    bounds = {"minimum": least, "maximum": most}
    return {"type": "integer" if whole else "number", **{k: v for k, v in bounds.items() if v is not None}}


def optional(schema: Schema) -> Schema:
    """For a field that may be absent."""
    return {**schema, _OPTIONAL: True}


def record(**fields: Schema) -> Schema:
    """An object with these fields. More may be added by later versions."""
    return {
        "type": "object",
        "properties": {name: {k: v for k, v in one.items() if k != _OPTIONAL} for name, one in fields.items()},
        "required": [name for name, one in fields.items() if _OPTIONAL not in one],
    }
