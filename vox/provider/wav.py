"""How long a WAV is, from its header alone."""

from __future__ import annotations

__all__ = ["duration_ms"]


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
