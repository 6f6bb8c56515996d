"""Recordings to send, and a look at the audio that comes back."""

import math
import struct
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Audio", "BadAudio", "long_speech", "read_audio", "read_wav", "silence", "speech", "tones", "wav"]

_RATE = 16_000  # what Vox hands to a provider that names no other
_MAGIC = {
    "audio/flac": (b"fLaC",),
    "audio/ogg": (b"OggS",),
    "audio/opus": (b"OggS",),
    "audio/mpeg": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"),
}
_WAV_NAMES = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_OPEN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF)  # what programs that write to a pipe leave in the header


class BadAudio(ValueError):
    """The bytes are not what they claim to be."""


@dataclass(frozen=True, slots=True)
class Audio:
    """What a WAV holds; `seconds` is None for other formats, which are known by their first bytes only."""

    seconds: float | None
    rate: int = 0
    loudest: float = 1.0
    """The largest sample, from 0 to 1."""


def speech(rate: int = _RATE) -> bytes:
    """Three seconds of real speech as a WAV. Source: LibriVox, in the public domain."""
    return wav(_resampled(_recorded("speech.wav"), rate), rate)


def long_speech(rate: int = _RATE) -> bytes:
    """Twenty seconds of it, two sentences in turn. One alone, again and again, is what recognisers take for a loop of
    their own: Whisper then tries six times as hard, and finds the same."""
    both = _recorded("more_speech.wav") + _recorded("speech.wav")
    return wav(_resampled(both * 2, rate), rate)


def tones(seconds: float, rate: int = _RATE) -> bytes:
    """A WAV with the rhythm of speech: syllables of a rising and falling buzz, with pauses between them."""
    count = int(seconds * rate)
    samples = bytearray()
    for n in range(count):
        at = n / rate
        syllable = max(0.0, math.sin(2 * math.pi * 2.5 * at))
        pitch = 140 + 40 * math.sin(2 * math.pi * 0.7 * at)
        tone = sum(math.sin(2 * math.pi * pitch * part * at) / part for part in (1, 2, 3, 5, 8))
        samples += struct.pack("<h", int(6000 * syllable * tone))
    return wav(bytes(samples), rate)


def silence(seconds: float, rate: int = _RATE) -> bytes:
    """A WAV without any sound."""
    return wav(bytes(2 * int(seconds * rate)), rate)


def wav(samples: bytes, rate: int) -> bytes:
    """A WAV file of 16-bit mono samples, as Vox writes it."""
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return head + struct.pack("<4sI", b"data", len(samples)) + samples


def read_audio(data: bytes, content_type: str) -> Audio:
    """What the bytes hold.

    Raises:
        BadAudio: They are not of that type.
    """
    name = content_type.partition(";")[0].strip().lower()
    if name in _WAV_NAMES:
        return read_wav(data)
    magic = _MAGIC.get(name)
    if magic is None:
        raise BadAudio(f"contentType is {content_type!r}; Vox reads {', '.join([_WAV_NAMES[0], *_MAGIC])}.")
    if not data.startswith(magic):
        raise BadAudio(f"contentType says {name}, but the audio begins with {data[:4]!r}.")
    return Audio(None)


def read_wav(data: bytes) -> Audio:
    """What a WAV file holds. Source: RIFF WAVE, Microsoft and IBM, 1991.

    Raises:
        BadAudio: It is none, or has fewer samples than its header announces.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise BadAudio(f"It is no WAV file: it begins with {data[:12]!r}.")
    position, form = 12, None
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if name == b"fmt ":
            form = _format(data[position : position + size])
        elif name == b"data":
            return _samples(data[position:], size, form)
        position += size + size % 2
    raise BadAudio("The WAV file has no data chunk.")


def _format(chunk: bytes) -> tuple[int, int, int, int]:
    if len(chunk) < 16:
        raise BadAudio("The WAV file's format chunk is cut off.")
    code, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", chunk)
    if code not in (_PCM, _FLOAT, _EXTENSIBLE) or not channels or not rate or not frame:
        raise BadAudio(f"The WAV file has format {code}, {channels} channels, {rate} Hz, {bits} bits.")
    return code, rate, frame, bits


def _samples(data: bytes, size: int, form: tuple[int, int, int, int] | None) -> Audio:
    if form is None:
        raise BadAudio("The WAV file has no format chunk before its samples.")
    _, rate, frame, bits = form
    if size not in _OPEN_SIZES and size > len(data):
        raise BadAudio(f"The WAV file announces {size} bytes of samples and has {len(data)}.")
    samples = data if size in _OPEN_SIZES else data[:size]
    count = len(samples) // frame
    loudest = _loudest(samples[: count * frame]) if bits == 16 and frame % 2 == 0 else 1.0
    return Audio(count / rate, rate, loudest)


def _loudest(samples: bytes) -> float:
    import array
    import sys

    values = array.array("h", samples)
    if sys.byteorder == "big":
        values.byteswap()
    return max(max(values), -min(values)) / 32768 if values else 0.0


def _recorded(name: str) -> bytes:
    """The samples of a recording that lies beside this file."""
    return Path(__file__).with_name(name).read_bytes()[44:]


def _resampled(samples: bytes, rate: int) -> bytes:
    """By the nearest sample: good enough for speech that only has to be recognised as such."""
    if rate == _RATE:
        return samples
    count = len(samples) // 2 * rate // _RATE
    return b"".join(samples[2 * (n * _RATE // rate) :][:2] for n in range(count))
