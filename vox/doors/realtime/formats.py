"""The three kinds of sound that travel on a Realtime socket, all mono."""

from typing import Any, Literal, TypeAlias

from vox.doors.realtime.fields import Fields

__all__ = ["RATES", "AudioType", "format_shape", "read_format"]

AudioType: TypeAlias = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
"""16-bit little-endian PCM, or G.711 in its µ-law and A-law variants."""

RATES: dict[AudioType, int] = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}
"""Samples per second of each."""

_OLD_NAMES: dict[str, AudioType] = {
    "pcm16": "audio/pcm",
    "g711_ulaw": "audio/pcmu",
    "g711_alaw": "audio/pcma",
}


def format_shape(type: AudioType) -> dict[str, Any]:
    """The format in GA shape; the G.711 kinds have but one rate, which is not told."""
    return {"type": type, "rate": RATES[type]} if type == "audio/pcm" else {"type": type}


def read_format(fields: Fields, now: AudioType) -> AudioType:
    """The format that a group names, in GA shape or by its older name.

    Raises:
        EventError: It is unknown, or its rate is not the one it has here.
    """
    value = fields.anything("format", None)
    if value is None:
        return now
    if isinstance(value, str):
        if value not in _OLD_NAMES:
            raise fields.wrong("format", f"must be one of {', '.join(RATES)}")
        return _OLD_NAMES[value]
    group = fields.group("format")
    found: AudioType = group.choice("type", now, tuple(RATES))
    rate = group.whole("rate", RATES[found], 1, 1_000_000)
    if rate != RATES[found]:
        raise group.wrong("rate", f"must be {RATES[found]} for {found}")
    return found
