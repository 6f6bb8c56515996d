"""WAV headers, read and written with the standard library alone.

The common case needs no more: a provider answers with a 16-bit PCM WAV and the caller wants just that, or a caller
sends exactly what a provider gets. Facts of the format: a RIFF file is a 12-byte head and chunks of id, 32-bit little-
endian size and content padded to even length; `fmt ` describes the samples, `data` holds them. A program that writes to
a pipe cannot know the sizes beforehand and leaves 0xFFFFFFFF, a value near 2**31, or 0 in both the head and the chunk.
"""

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from vox.errors import UnsupportedAudio

__all__ = ["HEADER_BYTES", "MAX_DATA_BYTES", "WavInfo", "header", "parse", "scan"]

HEADER_BYTES = 44
"""Length of what `header` returns."""

MAX_DATA_BYTES = 2**32 - 1 - HEADER_BYTES
"""The 32-bit sizes of RIFF hold no more."""

_MAX_CHUNKS = 1024  # more than any editor writes; a file of nothing but empty chunks must not keep us busy
_UNKNOWN_SIZE = 0x7FFF_F000  # sizes from here on are place-holders of programs that write to a pipe

_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_ONE_FRAME_A_BLOCK = {_PCM, _FLOAT, _ALAW, _ULAW}
_SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")


@dataclass(frozen=True, slots=True)
class WavInfo:
    """What the header of a WAV says, checked against the bytes that are there."""

    tag: int
    """Codec: 1 PCM, 3 float, 6 A-law, 7 µ-law, others compressed; that of the extension when there is one."""
    rate: int
    """Frames per second."""
    channels: int
    bits: int
    """Per sample; 0 for codecs without such a thing."""
    frames: int
    """Complete frames present; for compressed codecs an estimate from the byte rate."""
    data_start: int
    """Offset of the first sample in bytes."""
    data_bytes: int
    """Bytes of samples present, a whole number of blocks."""
    open_ended: bool
    """Whether the header's sizes are place-holders, so that the samples reach to the end of the file."""
    cut_off: bool
    """Whether the header announces more samples than are present."""

    @property
    def duration_s(self) -> float:
        """Seconds of audio."""
        return self.frames / self.rate

    @property
    def complete(self) -> bool:
        """Whether the header's sizes are real and all the samples they announce are present."""
        return not self.open_ended and not self.cut_off

    @property
    def is_pcm16(self) -> bool:
        """Whether the samples are plain 16-bit integers."""
        return self.tag == _PCM and self.bits == 16


@dataclass(frozen=True, slots=True)
class _Format:
    tag: int
    channels: int
    rate: int
    byte_rate: int
    block: int
    bits: int


def header(rate: int, channels: int, data_bytes: int) -> bytes:
    """The 44 bytes that precede `data_bytes` of 16-bit PCM (at most `MAX_DATA_BYTES`)."""
    block = 2 * channels
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE"),
        *(b"fmt ", 16, _PCM, channels, rate, rate * block, block, 16),
        *(b"data", data_bytes),
    )


def parse(audio: bytes) -> WavInfo:
    """Read the header of a WAV in memory.

    Raises:
        UnsupportedAudio: It is not a WAV, or damaged before its first sample.
    """
    return scan(BytesIO(audio), len(audio))


def scan(file: BinaryIO, size: int) -> WavInfo:
    """Read the header of a WAV of `size` bytes from a seekable file, without reading its samples.

    Raises:
        UnsupportedAudio: It is not a WAV, or damaged before its first sample.
    """
    riff_size = _riff_size(_read(file, 0, 12))
    described: _Format | None = None
    position = 12
    for _ in range(_MAX_CHUNKS):
        head = _read(file, position, 8)
        if len(head) < 8:
            raise UnsupportedAudio("the WAV has no data chunk: the file ends before its first sample")
        name, length = struct.unpack("<4sI", head)
        position += 8
        if name == b"fmt ":
            described = _format(_read(file, position, min(length, 40)))
        elif name == b"data":
            return _info(described, riff_size, position, length, max(0, size - position))
        position += length + (length & 1)
    raise UnsupportedAudio(f"the WAV has more than {_MAX_CHUNKS} chunks before its first sample")


def _read(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(length)


def _riff_size(head: bytes) -> int:
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise UnsupportedAudio("not a WAV file: it does not begin with a RIFF/WAVE head")
    return struct.unpack_from("<I", head, 4)[0]


def _format(content: bytes) -> _Format:
    if len(content) < 16:
        raise UnsupportedAudio("the WAV's fmt chunk is shorter than 16 bytes")
    tag, channels, rate, byte_rate, block, bits = struct.unpack_from("<HHIIHH", content)
    if tag == _EXTENSIBLE and len(content) == 40 and content[26:] == _SUBFORMAT_TAIL:
        tag = struct.unpack_from("<H", content, 24)[0]
    if not (channels and rate and block):
        raise UnsupportedAudio(f"the WAV's fmt chunk is damaged: {channels} channels, {rate} Hz, {block} bytes a frame")
    if tag in _ONE_FRAME_A_BLOCK and block * 8 != channels * bits and bits % 8 == 0:
        raise UnsupportedAudio(f"the WAV's fmt chunk is damaged: {channels} × {bits} bits in {block} bytes a frame")
    return _Format(tag, channels, rate, byte_rate, block, bits)


def _info(fmt: _Format | None, riff_size: int, start: int, announced: int, available: int) -> WavInfo:
    if fmt is None:
        raise UnsupportedAudio("the WAV has no fmt chunk before its data: what the samples are is unknown")
    unknown = announced >= _UNKNOWN_SIZE or (announced == 0 and riff_size in (0, 0xFFFF_FFFF))
    present = available if unknown else min(announced, available)
    present -= present % fmt.block
    exact = fmt.tag in _ONE_FRAME_A_BLOCK
    frames = present // fmt.block if exact else int(present * fmt.rate / fmt.byte_rate) if fmt.byte_rate else 0
    return WavInfo(
        tag=fmt.tag,
        rate=fmt.rate,
        channels=fmt.channels,
        bits=fmt.bits,
        frames=frames,
        data_start=start,
        data_bytes=present,
        open_ended=unknown,
        cut_off=not unknown and available < announced,
    )
