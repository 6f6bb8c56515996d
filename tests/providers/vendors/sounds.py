"""Real speech for the answers of vendors, as each of them sends it."""

import asyncio
import io
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path

__all__ = ["CLIP", "clip_pcm", "clip_wav", "endless", "pieces"]

CLIP = Path(__file__).parents[3] / "docs" / "audio" / "librivox-0870.wav"
"""A few seconds of recorded speech, 16 kHz."""


def clip_pcm(seconds: float | None = None) -> bytes:
    """Its samples: 16 bits, mono, 16 kHz."""
    with wave.open(str(CLIP)) as file:
        frames = file.getnframes() if seconds is None else round(seconds * file.getframerate())
        return file.readframes(frames)


def clip_wav(seconds: float | None = None, rate: int = 16_000, channels: int = 1) -> bytes:
    """Its samples in a file that claims that rate and, for tests of it, as many equal channels."""
    data = clip_pcm(seconds)
    if channels > 1:
        data = b"".join(data[at : at + 2] * channels for at in range(0, len(data), 2))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, 2, rate, 0, "NONE", ""))
        writer.writeframes(data)
    return file.getvalue()


def endless(wav: bytes, size: int = 0xFFFFFFFF) -> bytes:
    """The file as a live encoder writes it, which does not know how long it will be."""
    at = wav.index(b"data") + 4
    head = wav[:4] + struct.pack("<I", size) + wav[8:at] + struct.pack("<I", size)
    return head + wav[at + 4 :]


async def pieces(data: bytes, size: int = 6_001, every_s: float = 0.005) -> AsyncIterator[bytes]:
    """The bytes as they leave an engine that is still speaking; an odd number at once, so samples are cut in two."""
    for at in range(0, len(data), size):
        yield data[at : at + size]
        await asyncio.sleep(every_s)
