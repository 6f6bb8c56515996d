"""The values that go over this interface, as JSON schemas."""

from vox.doors.openvip.control import COMMANDS
from vox.doors.openvip.errors import VERSION
from vox.doors.openvip.wire import Fields

__all__ = ["SHAPES"]

_VERSION: Fields = {"type": "string", "const": VERSION}
_UUID: Fields = {"type": "string", "format": "uuid"}
_TEXT: Fields = {"type": "string"}
_SHARE: Fields = {"type": "number", "minimum": 0, "maximum": 1}
_FLAG: Fields = {"type": "boolean"}


def _or_null(shape: Fields) -> Fields:
    return {"anyOf": [shape, {"type": "null"}]}


def _object(required: tuple[str, ...], told: str = "", **properties: Fields) -> Fields:
    shape: Fields = {"type": "object", "required": list(required), "properties": properties}
    return {**shape, "description": told} if told else shape


_INPUT = _object(
    ("ops",),
    "What to do behind the text, in this order.",
    ops={"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["submit", "newline"]}},
    trigger=_or_null(_TEXT),
    confidence=_or_null(_SHARE),
    source=_or_null(_TEXT),
)
_SWITCH = _object(
    ("target",), "Who is to be spoken to.", target=_TEXT, confidence=_or_null(_SHARE), source=_or_null(_TEXT)
)
_WRAPPED: Fields = {
    "description": "Extensions as one published client sends them; they count as if they stood beside it.",
    "not": {"type": "object", "minProperties": 1, "propertyNames": {"pattern": "^x_"}},
}
_MESSAGE: Fields = {
    **_object(
        ("openvip", "type", "id", "timestamp", "text"),
        "Fields that are not described are sent on as they are.",
        openvip=_VERSION,
        type={"type": "string", "enum": ["transcription", "speech"]},
        id=_UUID,
        timestamp={"type": "string", "format": "date-time", "description": "A blank in the place of T is taken."},
        text=_TEXT,
        origin=_or_null(_TEXT),
        language=_or_null({"type": "string", "pattern": "^[a-z]{2}(-[A-Z]{2})?$"}),
        confidence=_or_null(_SHARE),
        partial=_or_null(_FLAG),
        trace_id=_UUID,
        parent_id=_UUID,
        voice=_or_null(_TEXT),
        x_input=_INPUT,
        x_agent_switch=_SWITCH,
        additional_properties=_WRAPPED,
    ),
    "dependentRequired": {"trace_id": ["parent_id"], "parent_id": ["trace_id"]},
    "patternProperties": {"^x_": {"type": "object"}},
}
_RESPONSE: Fields = {"openvip": _VERSION, "status": {"type": "string", "enum": ["ok"]}, "id": _UUID, "ref": _UUID}
_ANSWERED = ("openvip", "status", "id", "ref")
_CODES = ["INVALID_FORMAT", "MISSING_FIELD", "NOT_FOUND", "CONFLICT", "INTERNAL_ERROR"]

SHAPES: Fields = {
    "Message": _MESSAGE,
    "SpeechRequest": {
        **_MESSAGE,
        "properties": {
            **_MESSAGE["properties"],
            "type": {"type": "string", "enum": ["speech"]},
            "engine": {"description": "A model; so is `model`. Others than strings are ignored."},
            "speed": {"description": "1 is usual. From 20 on, words per minute. What is no number is ignored."},
        },
    },
    "Response": _object(_ANSWERED, **_RESPONSE),
    "SpeechResponse": _object(
        (*_ANSWERED, "duration_ms"),
        **_RESPONSE,
        duration_ms={"type": "integer", "minimum": 0, "description": "Of the speech, as far as it is made."},
        model=_TEXT,
        voice=_TEXT,
        heard={**_FLAG, "description": "Whether it was heard to its end; otherwise it plays on, unless:"},
        stopped={**_FLAG, "description": "It was stopped."},
        notes={"type": "array", "items": _TEXT, "description": "What was asked for and could not be had."},
    ),
    "ControlRequest": _object(
        ("command",),
        openvip=_VERSION,
        id=_UUID,
        command={
            "type": "string",
            "enum": [name for name in COMMANDS if "NAME" not in name],
            "description": "Or output.set_agent:NAME, whose NAME may be the id or sound like it.",
        },
    ),
    "ControlResponse": _object(
        _ANSWERED, **_RESPONSE, pong=_FLAG, listening=_FLAG, current_agent=_TEXT, mode={"type": "string"}
    ),
    "Focus": _object(("focused",), focused=_FLAG),
    "Status": _object(
        ("openvip", "stt", "tts", "connected_agents", "platform"),
        openvip=_VERSION,
        protocol_version=_VERSION,
        stt=_object(("enabled", "active"), enabled=_FLAG, active=_FLAG),
        tts=_object(("enabled",), enabled=_FLAG),
        connected_agents={"type": "array", "items": _TEXT},
        platform={"type": "object"},
    ),
    "Error": _object(
        ("openvip", "error", "id", "ref", "detail"),
        openvip=_VERSION,
        error=_TEXT,
        code={"type": "string", "enum": _CODES},
        id=_UUID,
        ref=_UUID,
        detail=_TEXT,
        x_vox=_object(("code", "retryable"), code=_TEXT, retryable=_FLAG),
    ),
}
"""By name."""
