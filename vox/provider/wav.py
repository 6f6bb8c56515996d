"""WAV files, as far as a provider needs them: how long one is, and one made of samples."""

from __future__ import annotations

__all__ = ["duration_ms", "wav"]


def wav(pcm: bytes | bytearray, rate: int) -> bytes:
    """A WAV of 16-bit little-endian samples, mono."""
    form = _little((1, 2), (1, 2), (rate, 4), (2 * rate, 4), (2, 2), (16, 2))  # PCM, channels, …, bytes a frame, bits
    head = b"RIFF" + _little((36 + len(pcm), 4)) + b"WAVEfmt " + _little((16, 4)) + form
    return head + b"data" + _little((len(pcm), 4)) + bytes(pcm)


def duration_ms(header: bytes, size: int) -> float | None:
    """Milliseconds of audio in a WAV file of `size` bytes whose beginning is `header`; None when it is no WAV.

    A data chunk that claims more than the file holds (a stream's placeholder size) counts as reaching its end.
    Source: RIFF WAVE, Microsoft and IBM, 1991.
    """
    if header[:4] != b"RIFF" or header[8:12] != b"WAVE":
        return None
    position, bytes_per_second = 12, 0
    while position + 8 <= len(header):
        name = header[position : position + 4]
        length = int.from_bytes(header[position + 4 : position + 8], "little")
        position += 8
        if name == b"fmt " and position + 12 <= len(header):
            bytes_per_second = int.from_bytes(header[position + 8 : position + 12], "little")
        if name == b"data":
            return min(length, size - position) / bytes_per_second * 1000 if bytes_per_second else None
        position += length + length % 2
    return None


def _little(*numbers: tuple[int, int]) -> bytes:
    """Numbers as little-endian bytes, each with its width."""
    return b"".join(number.to_bytes(width, "little") for number, width in numbers)
