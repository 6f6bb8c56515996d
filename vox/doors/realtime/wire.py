"""Frames of the Realtime interface: client events read, ids made, errors shaped."""

import secrets
from typing import Any, cast

import orjson

from vox.errors import VoxError

__all__ = ["MAX_FRAME", "EventError", "error_of", "event_id_of", "new_id", "read_event"]

MAX_FRAME = 24 << 20
"""Bytes of one client frame: an append of 15 MiB is 20 MiB in base64."""

_LONGEST_ID = 512  # characters of a client's own event id that are said back to it


class EventError(Exception):
    """A client event that cannot be served. The session tells it in an `error` event and goes on.

    Args:
        code: As published, such as `invalid_value`.
        message: What is wrong, and what to do.
        param: The field, such as `session.audio.input.turn_detection.threshold`.
        type: `invalid_request_error`, or `server_error` where the fault is ours.
        event_id: The client event's own id, where it carried one.
    """

    def __init__(
        self,
        code: str | None,
        message: str,
        param: str | None = None,
        type: str = "invalid_request_error",
        event_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.param, self.type, self.event_id = code, message, param, type, event_id

    def shape(self) -> dict[str, Any]:
        """The `error` of an `error` event; the nulls are meant."""
        return {
            "type": self.type,
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "event_id": self.event_id,
        }


def read_event(frame: str | bytes) -> "dict[str, Any] | EventError":
    """The client event in a text frame: an object with a string `type`. What is none is returned as the error to tell,
    so that the connection stays."""
    try:
        read: Any = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        return EventError("invalid_json", f"The frame is not JSON: {error}. Send one JSON object per text frame.")
    if not isinstance(read, dict):
        return EventError("invalid_event", "An event is a JSON object; this frame holds something else.")
    event = cast("dict[str, Any]", read)
    event_id = event_id_of(event)
    if "type" not in event:
        return EventError(
            "missing_required_parameter", "Every event has a `type`; it is missing.", "type", event_id=event_id
        )
    if not isinstance(event["type"], str):
        return EventError("invalid_value", "The `type` of an event is a string.", "type", event_id=event_id)
    return event


def event_id_of(event: dict[str, Any]) -> str | None:
    """The id a client gave its event, if it can be said back."""
    found = event.get("event_id")
    return found[:_LONGEST_ID] if isinstance(found, str) else None


def new_id(prefix: str) -> str:
    """A fresh id, such as `item_3f…`."""
    return f"{prefix}_{secrets.token_hex(12)}"


_BUSY = {"provider_busy", "queue_timeout", "no_room", "rate_limited"}


def error_of(error: VoxError) -> dict[str, Any]:
    """A failure of ours as `response.status_details.error` and the `error` of a failed transcription tell it."""
    if error.code in _BUSY:
        return {"type": "server_error", "code": "rate_limit_exceeded", "message": error.message, "param": None}
    client = error.http_status < 500
    kind = "invalid_request_error" if client else "server_error"
    return {"type": kind, "code": error.code, "message": error.message, "param": None}
