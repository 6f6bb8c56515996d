"""What a body at `/v1/audio/speech` asks."""

from dataclasses import dataclass
from typing import Any, cast

from vox.audio.formats import STREAM_FORMATS
from vox.doors.openai.fields import number, one_of, text, wrong
from vox.runtime.requests import MAX_TEXT, SynthesizeRequest

__all__ = ["SPEEDS", "Asked", "read_speech"]

SPEEDS = (0.25, 4.0)
"""The slowest and the fastest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Speech as it was asked for; model and voice are the names that were sent."""

    request: SynthesizeRequest
    format: str
    events: bool
    """Whether it shall come as events rather than as a file."""


def read_speech(fields: dict[str, Any]) -> Asked:
    """Read a body.

    Raises:
        InvalidRequest: There is nothing to say, or a field cannot be used.
        Unsupported: The format cannot be made here.
    """
    from vox.audio.stream_encode import check_format  # slow to load, and not needed by who only recognises

    format = one_of(fields, "response_format", tuple(STREAM_FORMATS), "mp3")
    check_format(format)
    request = SynthesizeRequest(
        text=_input(fields),
        model=text(fields, "model"),
        voice=_voice(fields),
        speed=number(fields, "speed", *SPEEDS),
        instructions=text(fields, "instructions"),
        language=text(fields, "language"),
    )
    return Asked(request, format, one_of(fields, "stream_format", ("audio", "sse"), "audio") == "sse")


def _input(fields: dict[str, Any]) -> str:
    said = fields.get("input")
    if not isinstance(said, str) or not said.strip():
        raise wrong("input", "Missing input: send the text to speak in `input`.")
    if len(said) > MAX_TEXT:
        raise wrong("input", f"input has {len(said)} characters; at most {MAX_TEXT} are taken. Split it.")
    return said


def _voice(fields: dict[str, Any]) -> str | None:
    """A voice is named by a text, or by an object with its `id`."""
    voice = fields.get("voice")
    if isinstance(voice, dict):
        voice = cast("dict[str, Any]", voice).get("id")
        if not isinstance(voice, str):
            raise wrong("voice", "voice must be a text, or an object with its id.")
    return text({"voice": voice}, "voice")
