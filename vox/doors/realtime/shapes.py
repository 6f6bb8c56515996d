"""Items in GA shape. What is not known is absent, but for the transcript of a user's sound, whose null is meant."""

from base64 import b64encode
from typing import Any

from vox.runtime.agent.conversation import Item, Part

__all__ = ["item_shape", "part_shape"]


def item_shape(item: Item, *, with_audio: bool = False) -> dict[str, Any]:
    """An item as `conversation.item.*` and `response.output_item.*` tell it.

    Args:
        with_audio: Put in the sound that is kept of it: 16-bit mono PCM at 24 kHz.
    """
    head = {"id": item.id, "object": "realtime.item", "type": item.type, "status": item.status}
    if item.type == "function_call":
        return {**head, "call_id": item.call_id or "", "name": item.name or "", "arguments": item.arguments or ""}
    if item.type == "function_call_output":
        return {**head, "call_id": item.call_id or "", "output": item.output or ""}
    return {**head, "role": item.role, "content": [part_shape(part, with_audio=with_audio) for part in item.parts]}


def part_shape(part: Part, *, with_audio: bool = False) -> dict[str, Any]:
    """A part of an item's `content`."""
    if part.kind in ("input_text", "output_text"):
        return {"type": part.kind, "text": part.text or ""}
    if part.kind == "input_image":
        return {"type": part.kind}
    told: dict[str, Any] = {"type": part.kind, "transcript": part.text}
    if part.kind == "output_audio":
        told["transcript"] = part.text or ""
    if with_audio and part.audio:
        told["audio"] = b64encode(part.audio).decode("ascii")
    return told
