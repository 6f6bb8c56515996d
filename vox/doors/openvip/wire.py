"""OpenVIP's messages: read with suspicion, and made so that the strictest of its clients takes them.

Facts: the protocol's JSON schema 1.0. Beyond it, what is read may have a blank in its timestamps where the T belongs,
`null` for what it leaves out, and extensions wrapped in `additional_properties`, because published clients send these;
what goes out has none of them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

import orjson

from vox.doors.openvip.errors import VERSION
from vox.errors import InvalidRequest

__all__ = ["MAX_NESTING", "Fields", "id_of", "is_uuid", "language_tag", "read_message", "read_object"]

Fields = dict[str, Any]
"""A JSON object."""

MAX_NESTING = 32
"""Deeper values are refused: some client's parser gives up on what another sent."""


def read_object(body: bytes) -> Fields:
    """The JSON object that a body is.

    Raises:
        InvalidRequest: It is none, or holds what JSON cannot: NaN, half a surrogate pair, too deep nesting.
    """
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"Not OpenVIP v1.0 compliant: the body is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidRequest("Not OpenVIP v1.0 compliant: the body must be a JSON object.")
    # Fewer brackets than the limit cannot nest deeper than the limit.
    if body.count(b"{") + body.count(b"[") > MAX_NESTING and _depth(value) > MAX_NESTING:
        raise InvalidRequest(f"Not OpenVIP v1.0 compliant: the body is nested deeper than {MAX_NESTING}.")
    return cast("Fields", value)


def id_of(value: Fields) -> str | None:
    """The id of a request, if it has one."""
    found = value.get("id")
    return found if is_uuid(found) else None


def is_uuid(value: object) -> bool:
    """Whether it is a UUID in its usual form."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def read_message(value: Fields) -> Fields:
    """A message that may be sent on: valid, with `T` in its timestamp, its extensions in their place, and no nulls
    where the schema has none. Fields that nobody knows stay as they are.

    Raises:
        InvalidRequest: It is no message of OpenVIP 1.0.
    """
    message = _hoisted(value)
    for name, allows in _REQUIRED.items():
        if name not in message:
            raise _wrong(f"{name} is missing")
        _check(message, name, allows)
    for name in [name for name in message if name in _OPTIONAL or name.startswith("x_")]:
        if message[name] is None and name in _OPTIONAL:
            del message[name]
        else:
            _check(message, name, _OPTIONAL.get(name, _EXTENSIONS.get(name, _object)))
    if ("trace_id" in message) != ("parent_id" in message):
        raise _wrong("trace_id and parent_id go together")
    message["timestamp"] = message["timestamp"].replace(" ", "T").upper()
    return message


def language_tag(name: str | None) -> str | None:
    """A language as OpenVIP writes it, such as `en` or `en-US`; None for one that its pattern has no room for."""
    found = _TAG.match((name or "").strip())
    if found is None:
        return None
    language, region = found[1].lower(), found[2]
    return f"{language}-{region.upper()}" if region else language


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
# Language, script and variants to be left out, region: zh-Hans-CN is zh-CN, en_us is en-US; yue is none of them.
_TAG = re.compile(r"([A-Za-z]{2})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}))?(?=[-_]|$)")
_WRAPPED = "additional_properties"  # where the Python client's create_transcription puts extensions

_Allows = Callable[[Any], str | None]
"""Says what is wrong with a value."""


def _wrong(what: str) -> InvalidRequest:
    return InvalidRequest(f"Not OpenVIP v1.0 compliant: {what}.")


def _check(message: Mapping[str, Any], name: str, allows: _Allows) -> None:
    wrong = allows(message[name])
    if wrong is not None:
        raise _wrong(f"{name} {wrong}")


def _hoisted(value: Fields) -> Fields:
    wrapped = value.get(_WRAPPED)
    message = dict(value)
    if isinstance(wrapped, dict) and wrapped and all(str(name).startswith("x_") for name in wrapped):
        del message[_WRAPPED]
        message = {**cast("Fields", wrapped), **message}
    return message


def _version(value: Any) -> str | None:
    return None if value == VERSION else f'must be "{VERSION}"'


def _type(value: Any) -> str | None:
    return None if value in ("transcription", "speech") else 'must be "transcription" or "speech"'


def _uuid(value: Any) -> str | None:
    return None if is_uuid(value) else "must be a UUID"


def _time(value: Any) -> str | None:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        if found is not None and datetime.fromisoformat(f"{found[1]}T{found[2]}{found[4].upper()}"):
            return None
    except ValueError:
        pass
    return "must be an ISO 8601 time with a zone, such as 2026-02-06T10:30:00Z"


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else "must be a string"


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _share(value: Any) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return None if is_number and 0 <= value <= 1 else "must be a number from 0 to 1"


def _tag(value: Any) -> str | None:
    fits = isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None
    return None if fits else "must be a language such as en or en-US"


def _object(value: Any) -> str | None:
    return None if isinstance(value, dict) else "must be an object"


def _input(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be an object"
    ops = cast("Fields", value).get("ops")
    if not isinstance(ops, list) or not ops or not all(op in ("submit", "newline") for op in cast("list[Any]", ops)):
        return "must have ops, each submit or newline"
    return _members(cast("Fields", value), ("trigger", "source"))


def _switch(value: Any) -> str | None:
    if not isinstance(value, dict) or not isinstance(cast("Fields", value).get("target"), str):
        return "must be an object with a target"
    return _members(cast("Fields", value), ("source",))


def _members(value: Fields, texts: tuple[str, ...]) -> str | None:
    """What is wrong with the optional members of an extension; a null is none of them, and is taken out."""
    for name in (*texts, "confidence"):
        if value.get(name) is None:
            value.pop(name, None)
        elif wrong := (_share if name == "confidence" else _text)(value[name]):
            return f"has a {name} that {wrong}"
    return None


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        level = [item for outer in level for item in _containers(outer)]
        depth += 1
    return depth


def _containers(value: Any) -> list[Any]:
    inner = cast("Fields", value).values() if isinstance(value, dict) else cast("list[Any]", value)
    return [item for item in inner if isinstance(item, dict | list)]


_REQUIRED: dict[str, _Allows] = {"openvip": _version, "type": _type, "id": _uuid, "timestamp": _time, "text": _text}
_OPTIONAL: dict[str, _Allows] = {
    "origin": _text,
    "language": _tag,
    "confidence": _share,
    "partial": _boolean,
    "trace_id": _uuid,
    "parent_id": _uuid,
    "voice": _text,
}
_EXTENSIONS: dict[str, _Allows] = {"x_input": _input, "x_agent_switch": _switch}
