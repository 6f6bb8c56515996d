"""What a file is, by its first bytes: names lie, and uploads often have none.

Only what decides something is recognised: which decoder to use, and which sentence helps when none fits.
"""

from io import BytesIO, FileIO
from typing import Literal

__all__ = ["Family", "family", "looks_like"]

Family = Literal["mp4", "matroska", "aac", "other"]
"""The containers that need PyAV, and the rest, which libsndfile is asked about."""

_HEAD_BYTES = 512

_MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}

_NOT_AUDIO: list[tuple[int, bytes, str]] = [
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or office document"),
    (0, b"\x1f\x8b", "a gzip archive; unpack it first"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"AVI ", "an AVI video; convert it to WAV, FLAC or MP3"),
    (0, b"FLV\x01", "a Flash video; convert it to WAV, FLAC or MP3"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media audio; convert it to WAV, FLAC or MP3"),
    (0, b"#!AMR", "AMR audio; convert it to WAV, FLAC or MP3"),
    (0, b"MThd", "a MIDI file, which holds notes and no sound"),
    (0, b"#EXTM3U", "a playlist; name the audio file itself"),
    (0, b"[playlist]", "a playlist; name the audio file itself"),
]

_DAMAGED: list[tuple[int, bytes, str]] = [
    (8, b"WAVE", "a WAV file that is damaged or uses a codec that cannot be read"),
    (0, b"fLaC", "a FLAC file that is damaged or holds no sample"),
    (0, b"OggS", "an Ogg file that is damaged or holds something else than Vorbis, Opus or FLAC"),
    (0, b"ID3", "an MP3 file that is damaged or holds no sample"),
    (0, b"FORM", "an AIFF file that is damaged or uses a codec that cannot be read"),
    (0, b"caff", "a CAF file that is damaged or uses a codec that cannot be read"),
]


def family(file: BytesIO | FileIO) -> Family:
    """Which decoder to use; the file is back at its start afterwards."""
    head = _head(file, 0)
    if head[:3] == b"ID3" and len(head) >= 10:  # tags stand before MP3, and before AAC as well
        head = _head(file, 10 + _syncsafe(head[6:10]))
    file.seek(0)
    if head[4:8] in _MP4_BOXES and head[0] < 0x20:  # the box's length comes first; text has no byte that small there
        return "mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # ADTS; MP3 has other layer bits
        return "aac"
    return "other"


def looks_like(file: BytesIO | FileIO) -> str:
    """For a sentence: what this file seems to be, given that it cannot be decoded; back at its start afterwards."""
    head = _head(file, 0)
    file.seek(0)
    for offset, magic, what in [*_NOT_AUDIO, *_DAMAGED]:
        if head[offset:].startswith(magic):
            return what
    if head.lstrip()[:1] == b"<":
        return "a web page or XML document"
    return "text" if _is_text(head) else "no audio format that is known here"


def _head(file: BytesIO | FileIO, position: int) -> bytes:
    file.seek(position)
    return file.read(_HEAD_BYTES)


def _syncsafe(field: bytes) -> int:
    """ID3 lengths have seven bits a byte."""
    return (field[0] & 127) << 21 | (field[1] & 127) << 14 | (field[2] & 127) << 7 | field[3] & 127


def _is_text(head: bytes) -> bool:
    try:
        text = head[: _HEAD_BYTES - 4].decode("utf-8")  # the last character may be cut in two
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\t\n\r\f" for character in text)
