"""Items that clients make: read, completed, refused."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any, cast

from vox.doors.realtime.fields import Fields
from vox.doors.realtime.wire import EventError, new_id
from vox.runtime.agent.conversation import BYTES_PER_MS, Item, Part, PartKind, Role

__all__ = ["MAX_AUDIO", "read_audio", "read_item"]

MAX_AUDIO = 15 << 20
"""Bytes of sound in one event, decoded: OpenAI's bound."""

_LONGEST_ID = 256  # characters
_MOST_PARTS = 256

_KINDS: dict[Role, dict[str, PartKind]] = {
    "user": {"input_text": "input_text", "text": "input_text", "input_audio": "input_audio"},
    "assistant": {
        "output_text": "output_text",
        "text": "output_text",
        "output_audio": "output_audio",
        "audio": "output_audio",
    },
    "system": {"input_text": "input_text", "text": "input_text"},
}
"""What a message may hold, by its role; beside GA's names those of beta."""


def read_item(value: object, path: str = "item") -> Item:
    """The item of a `conversation.item.create`, or of a response's `input`; it is made an id where it has none.

    Raises:
        EventError: It is no item, or none that can be had here.
    """
    fields = Fields.of(value, path)
    kind = fields.required("type")
    item = Item(fields.text("id", "", _LONGEST_ID) or new_id("item"))
    if kind == "message":
        return _message(item, fields)
    if kind == "function_call":
        item.type, item.call_id, item.name = "function_call", fields.required("call_id"), fields.required("name")
        item.arguments = fields.text("arguments", "")
    elif kind == "function_call_output":
        item.type, item.call_id = "function_call_output", fields.required("call_id")
        item.output = fields.text("output", "")
    else:
        raise fields.wrong("type", "must be message, function_call or function_call_output; others are not known here")
    return item


def read_audio(text: object, param: str) -> bytes:
    """Sound in base64.

    Raises:
        EventError: It is none, or more than `MAX_AUDIO`.
    """
    if not isinstance(text, str):
        raise EventError("invalid_value", f"`{param}` must be a base64 string.", param)
    try:
        sound = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise EventError("invalid_audio", f"`{param}` is not valid base64: {error}.", param) from None
    if len(sound) > MAX_AUDIO:
        raise EventError(
            "invalid_audio", f"`{param}` has {len(sound)} bytes; one event holds up to {MAX_AUDIO}.", param
        )
    return sound


def _message(item: Item, fields: Fields) -> Item:
    if fields.is_null("role"):
        fields.required("role")
    role: Role = fields.choice("role", "user", tuple(_KINDS))
    item.role = role
    content = fields.anything("content", None)
    if isinstance(content, str):  # as Chat Completions has it
        item.parts = [Part("output_text" if item.role == "assistant" else "input_text", content)]
        return item
    if not isinstance(content, list) or len(cast("list[Any]", content)) > _MOST_PARTS:
        raise fields.wrong("content", f"must be a list of at most {_MOST_PARTS} parts")
    path = f"{fields.path}.content"
    given = [Fields.of(one, f"{path}[{at}]") for at, one in enumerate(cast("list[Any]", content))]
    item.parts = [_part(part, role) for part in given]
    return item


def _part(fields: Fields, role: Role) -> Part:
    name, kinds = fields.required("type"), _KINDS[role]
    if name == "input_image":
        raise fields.wrong("type", "is an image, and nobody here sees; describe it in an input_text")
    if name not in kinds:
        raise fields.wrong("type", f"must be one of {', '.join(kinds)} in a message of the role {role}")
    kind = kinds[name]
    if kind in ("input_text", "output_text"):
        if fields.is_null("text"):
            fields.required("text")
        return Part(kind, fields.text("text", ""))
    part = Part(kind, fields.text("transcript", None))
    if not fields.is_null("audio"):
        part.audio += read_audio(fields.anything("audio", None), f"{fields.path}.audio")
        del part.audio[len(part.audio) & ~1 :]
        part.audio_ms = len(part.audio) // BYTES_PER_MS
    return part
