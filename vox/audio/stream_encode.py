"""Speech as bytes while it is made: encoders that take samples as they come and give what is finished out.

What is said is known, how long it will be is not. So a WAV says that it reaches to its end, a FLAC leaves its length
open, and an MP3 has no table of contents but a constant bit rate, from which players work its length out.

MP3, Ogg Opus and FLAC are written through libsndfile, AAC (in ADTS) through PyAV. libsndfile goes back at the end and
fills sizes in; what has been handed on by then stays as it was.
"""

import struct
from collections.abc import Callable
from io import SEEK_CUR, SEEK_SET, RawIOBase
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

import numpy as np
import soundfile

from vox.audio import wav
from vox.audio.formats import STREAM_FORMATS
from vox.audio.pcm import Samples, to_int16
from vox.audio.resample import Resampler
from vox.errors import InvalidRequest, Unsupported

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["PCM_RATE", "SpeechEncoder", "check_format", "make_encoder"]

PCM_RATE = 24_000
"""Hz of raw samples, which do not say theirs."""

_LIBRARY: dict[str, dict[str, Any]] = {
    # 0.7 is 56 kbit/s for rates below 32 kHz: speech in one channel needs no more.
    "mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III", "compression_level": 0.7, "bitrate_mode": "CONSTANT"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
}
_RATES = {
    "mp3": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    "opus": (8_000, 12_000, 16_000, 24_000, 48_000),
    "aac": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    "pcm": (PCM_RATE,),
}
_UNTOLD = 0xFFFF_FFFF  # the size in a WAV's header that means: until the end

_SET_OGG_PAGE_LATENCY_MS = 0x1302  # a command of libsndfile 1.0.29 and later; others ignore it
_PAGE_MS = 100.0  # its default of a second would be a second of silence before speech that is made in real time

_FRAME_HEADER = 4  # bytes of MPEG audio

_AAC_BITS = 64_000  # a second; enough for speech in one channel


class SpeechEncoder(Protocol):
    """16-bit little-endian mono samples on their way to bytes. What is given out, put together, is a file."""

    def encode(self, pcm: bytes) -> bytes:
        """Take whole samples in; what is finished, which may be nothing."""
        ...

    def finish(self) -> bytes:
        """The rest. Nothing can be encoded afterwards."""
        ...


def check_format(format: str) -> None:
    """Make sure that a format can be made here.

    Raises:
        InvalidRequest: There is no such format; the message names those there are.
        Unsupported: The package for it is not installed.
    """
    if format not in STREAM_FORMATS:
        raise InvalidRequest(
            f"Unknown format {format!r}. Known: {', '.join(STREAM_FORMATS)}.", formats=list(STREAM_FORMATS)
        )
    if format == "aac":
        _load_av()


def make_encoder(format: str, rate: int, samples: int | None = None) -> SpeechEncoder:
    """The encoder of one of `STREAM_FORMATS` for samples at `rate` Hz. Raw samples come out at `PCM_RATE`, others at
    the next rate that the codec has.

    Args:
        samples: How many there will be, where that is known: the file tells its length then.

    Raises:
        InvalidRequest, Unsupported: As `check_format`.
    """
    check_format(format)
    rates = _RATES.get(format, (rate,))
    target = next((one for one in rates if one >= rate), rates[-1])
    makers: dict[str, Callable[[int], SpeechEncoder]] = {
        "pcm": lambda _: _Plain(b""),
        "wav": lambda rate: _Plain(_open_header(rate) if samples is None else wav.header(rate, 1, 2 * samples)),
        "aac": _Aac,
    }
    encoder = makers[format](target) if format in makers else _Library(format, target, hold=samples is not None)
    return encoder if target == rate else _Resampled(encoder, rate, target)


class _Plain:
    """Samples as they are, behind a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def encode(self, pcm: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + pcm

    def finish(self) -> bytes:
        return self.encode(b"")


class _Library:
    """What libsndfile writes.

    Args:
        hold: Give nothing out before the end, when libsndfile has filled everything in.
    """

    def __init__(self, format: str, rate: int, *, hold: bool) -> None:
        # LAME keeps a first frame, silent, for a table of contents that is filled in at the end: too late for a stream.
        self._sink, self._hold = _Sink(skip_blank=format == "mp3" and not hold), hold
        self._file = soundfile.SoundFile(cast("BinaryIO", self._sink), "w", rate, 1, **_LIBRARY[format])
        if format == "opus":
            _shorten_pages(self._file)

    def encode(self, pcm: bytes) -> bytes:
        self._file.write(np.frombuffer(pcm, "<i2"))
        return b"" if self._hold else self._sink.take()

    def finish(self) -> bytes:
        self._file.close()
        return self._sink.take()


class _Aac:
    """AAC in ADTS, each frame of which can be decoded by itself."""

    def __init__(self, rate: int) -> None:
        av = _load_av()
        self._av, self._rate, self._sink = av, rate, _Sink()
        self._container = av.open(self._sink, "w", format="adts")
        self._stream = self._container.add_stream("aac", rate=rate, layout="mono", bit_rate=_AAC_BITS)
        self._at = 0

    def encode(self, pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768.0)
        if len(samples):
            frame = self._av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = self._rate, self._at
            self._at += len(samples)
            self._container.mux(self._stream.encode(frame))
        return self._sink.take()

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take()


class _Resampled:
    """An encoder that gets its samples at another rate."""

    def __init__(self, encoder: SpeechEncoder, from_rate: int, to_rate: int) -> None:
        self._encoder, self._resampler = encoder, Resampler(from_rate, to_rate)

    def encode(self, pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768.0)
        return self._pass(self._resampler.push(samples))

    def finish(self) -> bytes:
        return self._pass(self._resampler.flush()) + self._encoder.finish()

    def _pass(self, samples: Samples) -> bytes:
        return self._encoder.encode(to_int16(samples).tobytes())


class _Sink(RawIOBase):
    """A file whose beginning is taken away while it is written. What is written there later is lost.

    Args:
        skip_blank: Leave out what is written first, if there is nothing in it but an MP3's frame header.
    """

    def __init__(self, *, skip_blank: bool = False) -> None:
        self._held = bytearray()
        self._gone = self._at = 0
        self._skip = skip_blank

    def take(self) -> bytes:
        """What has been written since the last time."""
        taken = bytes(self._held)
        self._held.clear()
        self._gone += len(taken)
        return taken

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: "Buffer", /) -> int:
        view = memoryview(data).cast("B")
        if self._skip:
            self._skip, self._gone = False, 0 if any(view[_FRAME_HEADER:]) else len(view)
        start = self._at - self._gone
        fresh = view[max(0, -start) :]
        self._held[max(0, start) : max(0, start) + len(fresh)] = fresh
        self._at += len(view)
        return len(view)

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        base = {SEEK_SET: 0, SEEK_CUR: self._at}.get(whence, self._gone + len(self._held))
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at


def _open_header(rate: int) -> bytes:
    """A WAV's header that leaves the length open."""
    header = bytearray(wav.header(rate, 1, 0))
    for place in (4, wav.HEADER_BYTES - 4):
        struct.pack_into("<I", header, place, _UNTOLD)
    return bytes(header)


def _shorten_pages(file: soundfile.SoundFile) -> None:
    """soundfile has no name for this command, so libsndfile gets it directly; where that cannot be, pages are long."""
    library, interface = getattr(soundfile, "_snd", None), getattr(soundfile, "_ffi", None)
    handle = getattr(file, "_file", None)
    if library is None or interface is None or handle is None:
        return
    value = interface.new("double *", _PAGE_MS)
    library.sf_command(handle, _SET_OGG_PAGE_LATENCY_MS, value, interface.sizeof("double"))


def _load_av() -> Any:
    try:
        import av
    except ImportError:
        told = "Making AAC takes the package av. Install it with: pip install 'voxhost[av]'"
        raise Unsupported(told, param="response_format") from None
    return av
