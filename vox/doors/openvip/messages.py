"""What Vox itself sends: transcriptions as events, and the answers to requests."""

from datetime import UTC, datetime
from typing import Any

import orjson

from vox import __version__
from vox.doors.openvip.errors import VERSION, new_id
from vox.doors.openvip.wire import Fields, language_tag
from vox.runtime.agents.message import Transcription

__all__ = ["ORIGIN", "event", "response", "transcription"]

ORIGIN = f"vox/{__version__}"
"""Who made a message."""


def transcription(said: Transcription, now: datetime | None = None) -> Fields:
    """What was said, as an agent is told of it.

    Args:
        now: The time in UTC; of the clock when None.
    """
    at = (now or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message: Fields = {"openvip": VERSION, "type": "transcription", "id": said.id, "timestamp": at, "text": said.text}
    message["origin"] = ORIGIN
    if (language := language_tag(said.language)) is not None:
        message["language"] = language
    if said.confidence is not None:
        message["confidence"] = _share(said.confidence)
    if said.partial:
        message["partial"] = True
    if said.trace_id is not None and said.parent_id is not None:
        message["trace_id"], message["parent_id"] = said.trace_id, said.parent_id
    if said.ops:
        message["x_input"] = _input(said)
    return message


def event(message: Fields) -> bytes:
    """A message as one event of a stream: its name, and its JSON in a single line.

    Raises:
        TypeError: A text holds half a surrogate pair.
    """
    return b"event: %b\ndata: %b\n\n" % (message["type"].encode("ascii"), orjson.dumps(message))


def response(ref: str, **more: Any) -> Fields:
    """What answers a request that went well.

    Args:
        ref: Id of the request, a UUID.
    """
    return {"openvip": VERSION, "status": "ok", "id": new_id(), "ref": ref, **more}


def _input(said: Transcription) -> Fields:
    found: Fields = {"ops": list(said.ops), "source": ORIGIN}
    if said.trigger is not None:
        found["trigger"] = said.trigger
    if said.op_confidence is not None:
        found["confidence"] = _share(said.op_confidence)
    return found


def _share(value: float) -> float:
    """Within 0 and 1, for clients that refuse the rest; what is no number says nothing."""
    return min(1.0, max(0.0, value)) if value == value else 0.0
