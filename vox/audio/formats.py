"""The formats that speech is delivered in, and the content types that name them."""

from vox.errors import InvalidRequest

__all__ = ["FORMATS", "STREAM_FORMATS", "content_type", "format_of"]

_CONTENT_TYPES = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "pcm": "audio/pcm",
}

FORMATS = tuple(_CONTENT_TYPES)
"""What can be written: WAV, FLAC, Ogg Vorbis, MP3, Ogg Opus, and raw 16-bit little-endian samples."""

STREAM_FORMATS = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
"""What can be written while it is made, with OpenAI's content types: as above, and AAC in ADTS."""

# What providers write for the formats whose bytes prove what they are. Raw PCM is missing: it could be anything.
_CLAIMS = {
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/vnd.wave": "wav",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/ogg": "ogg",
    "audio/opus": "ogg",
    "application/ogg": "ogg",
}


def content_type(format: str) -> str:
    """The content type of a format in `FORMATS`.

    Raises:
        InvalidRequest: There is no such format; the message names those there are.
    """
    if format not in _CONTENT_TYPES:
        raise InvalidRequest(f"unknown audio format {format!r}; there are: {', '.join(FORMATS)}", formats=list(FORMATS))
    return _CONTENT_TYPES[format]


def format_of(content_type: str) -> str | None:
    """`wav`, `flac`, `mp3` or `ogg` (either codec) for a content type, with or without parameters; None for others."""
    return _CLAIMS.get(content_type.partition(";")[0].strip().lower())
