"""A recording on its way to a vendor: as it is, or without loss in half the bytes."""

from __future__ import annotations

import io
import os

from vox.provider import ProviderError

__all__ = ["LARGEST", "recording"]

LARGEST = 25 * 10**6
"""Bytes of one upload: what OpenAI, and those that follow it, take."""

_WORTH_IT = 1 << 20  # bytes; FLAC costs half a millisecond per second of sound, which a shorter upload does not save
_BLOCK = 60 * 16_000  # samples at a time


def recording(path: str, *, compress: bool, service: str, largest: int = LARGEST) -> tuple[str, bytes, str]:
    """Name, bytes and type of the WAV file at `path`, as a multipart form takes them.

    Args:
        compress: Whether a large file becomes FLAC; otherwise only one that is too large does.
        service: The vendor's name, for messages.
        largest: Bytes that it takes.

    Raises:
        ProviderError: Too large also as FLAC (`audio_too_large`), or unreadable (`unsupported_audio`).
    """
    try:
        size = os.path.getsize(path)
        if size <= (_WORTH_IT if compress else largest):
            with open(path, "rb") as file:
                return "audio.wav", file.read(), "audio/wav"
        data = _flac(path)
    except (OSError, RuntimeError) as problem:  # RuntimeError: of soundfile
        raise ProviderError(f"The audio file could not be read: {problem}.", code="unsupported_audio") from problem
    if len(data) > largest:
        raise ProviderError(
            f"The recording has {len(data) / 1e6:.0f} MB even without loss compressed, and {service} takes "
            f"{largest / 1e6:.0f} MB: cut it into parts.",
            code="audio_too_large",
            limit=largest,
        )
    return "audio.flac", data, "audio/flac"


def _flac(path: str) -> bytes:
    """The file as FLAC, a minute at a time."""
    import soundfile

    packed = io.BytesIO()
    with (
        soundfile.SoundFile(path) as source,
        soundfile.SoundFile(packed, "w", source.samplerate, source.channels, "PCM_16", format="FLAC") as target,
    ):
        while len(block := source.read(_BLOCK, dtype="int16")):
            target.write(block)
    return packed.getvalue()
