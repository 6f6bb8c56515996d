"""Samples as bytes in one of `FORMATS`, and a provider's audio in the format its caller wants.

What costs time is loaded and done only when it is needed: a WAV that is wanted as WAV is examined and handed on.
"""

from io import BytesIO
from typing import TYPE_CHECKING

from vox.audio import wav
from vox.audio.formats import FORMATS, content_type, format_of
from vox.errors import AudioTooLarge, ProviderMisbehaved, UnsupportedAudio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vox.audio.pcm import Pcm, Samples

__all__ = ["FORMATS", "content_type", "encode", "read_audio", "reencode", "samples_of"]

_MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_RATES = {
    "mp3": _MPEG_RATES,
    "ogg": (*_MPEG_RATES, 96_000),  # Vorbis has tunings for these, and refuses some values between
    "opus": (8_000, 12_000, 16_000, 24_000, 48_000),
}
_LIBRARY_NAMES = {
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
}

_MAX_FLAC_RATE = 655_350  # 16 bits of tens of hertz
_WRITE_SAMPLES = 65_536  # the Vorbis encoder keeps a whole write on the stack


def encode(pcm: "Pcm", format: str) -> bytes:
    """Encode to one of `FORMATS`; resampled to the nearest rate the codec has, if it lacks this one.

    Raises:
        InvalidRequest: There is no such format.
        AudioTooLarge: More than a WAV's 32-bit sizes can express.
    """
    content_type(format)
    if format not in _LIBRARY_NAMES:
        return _plain(pcm, format)
    return _with_library(pcm, format)


def read_audio(audio: bytes, claimed: str) -> "Pcm":
    """Decode what a provider sent as content type `claimed`, mixed to mono.

    Raises:
        ProviderMisbehaved: The content type is not one that can be checked, or the bytes are something else.
    """
    from vox.audio.decode import decode

    _verified(audio, claimed)
    try:
        return decode(audio)
    except (UnsupportedAudio, AudioTooLarge) as error:
        raise ProviderMisbehaved(f"the provider's audio cannot be decoded: {error.message}") from error


def reencode(audio: bytes, claimed: str, want: str) -> tuple[bytes, float]:
    """What a provider sent as content type `claimed`, in the format `want`, with its duration in seconds.

    Audio that already is what is wanted comes back as the same object: for a 16-bit PCM WAV only its header was read.

    Raises:
        InvalidRequest: There is no such format.
        ProviderMisbehaved: The bytes are not what the content type says.
    """
    content_type(want)
    made, duration_s = _verified(audio, claimed, want)
    if made is not None:
        return made, duration_s
    pcm = read_audio(audio, claimed)
    return encode(pcm, want), pcm.duration_s


def samples_of(audio: bytes, claimed: str) -> tuple[bytes, int]:
    """What a provider sent as content type `claimed`, as 16-bit little-endian samples, mono, and their rate in Hz.

    Raises:
        ProviderMisbehaved: The bytes are not what the content type says.
    """
    made, _ = _verified(audio, claimed, "wav")
    if made is not None and (info := wav.parse(made)).channels == 1:
        return made[info.data_start : info.data_start + info.data_bytes], info.rate
    pcm = read_audio(audio, claimed)
    return pcm.to_int16().tobytes(), pcm.rate


def _verified(audio: bytes, claimed: str, want: str = "") -> tuple[bytes | None, float]:
    """Check a provider's claim; give the bytes if they already are in format `want`, and the seconds they last."""
    kind = format_of(claimed)
    if kind is None:
        raise ProviderMisbehaved(
            f"the provider sent content type {claimed[:80]!r}; "
            "it must be audio/wav, audio/flac, audio/mpeg or audio/ogg"
        )
    try:
        return _check_wav(audio, want) if kind == "wav" else _check_compressed(audio, kind, want)
    except UnsupportedAudio as error:
        raise ProviderMisbehaved(f"the provider's audio is not {claimed[:80]}: {error.message}") from error


def _check_wav(audio: bytes, want: str) -> tuple[bytes | None, float]:
    info = wav.parse(audio)
    if info.cut_off:
        raise UnsupportedAudio("its header announces more samples than are there")
    if want != "wav" or not info.is_pcm16:
        return None, info.duration_s
    return audio if info.complete else _with_sizes(audio, info), info.duration_s


def _with_sizes(audio: bytes, info: wav.WavInfo) -> bytes:
    """Put real sizes where a program that wrote to a pipe left place-holders; many players trust them."""
    _check_fits(info.data_bytes)
    samples = memoryview(audio)[info.data_start : info.data_start + info.data_bytes]
    return b"".join((wav.header(info.rate, info.channels, info.data_bytes), samples))


def _check_compressed(audio: bytes, kind: str, want: str) -> tuple[bytes | None, float]:
    import soundfile

    try:
        info = soundfile.info(BytesIO(audio))
    except soundfile.LibsndfileError as error:
        raise UnsupportedAudio(error.error_string) from error
    if info.format != _LIBRARY_NAMES[kind][0]:
        raise UnsupportedAudio(f"it is {info.format}")
    fits = (info.format, info.subtype) == _LIBRARY_NAMES.get(want)
    return audio if fits else None, info.frames / info.samplerate


def _check_fits(data_bytes: int) -> None:
    if data_bytes > wav.MAX_DATA_BYTES:
        raise AudioTooLarge(f"{data_bytes} bytes of samples are more than a WAV can hold; ask for flac")


def _plain(pcm: "Pcm", format: str) -> bytes:
    samples = pcm.to_int16()
    if format == "pcm":
        return samples.tobytes()
    _check_fits(samples.nbytes)
    return b"".join((wav.header(pcm.rate, 1, samples.nbytes), samples.data))


def _with_library(pcm: "Pcm", format: str) -> bytes:
    import soundfile

    samples, rate = _at_codec_rate(pcm, format)
    major, subtype = _LIBRARY_NAMES[format]
    out = BytesIO()
    with soundfile.SoundFile(out, "w", rate, 1, subtype, format=major) as sound:
        for start in range(0, len(samples), _WRITE_SAMPLES):
            sound.write(_for_codec(samples[start : start + _WRITE_SAMPLES], format))
    return out.getvalue()


def _at_codec_rate(pcm: "Pcm", format: str) -> "tuple[Samples, int]":
    from vox.audio.resample import resample

    if format == "flac":
        rate = min(pcm.rate, _MAX_FLAC_RATE)
    else:
        rate = next((rate for rate in _RATES[format] if rate >= pcm.rate), _RATES[format][-1])
    return resample(pcm.samples, pcm.rate, rate), rate


def _for_codec(samples: "Samples", format: str) -> "NDArray[np.int16] | Samples":
    import numpy as np

    from vox.audio.pcm import to_int16

    # libsndfile scales floats by 32 767; integers made here come back exactly
    return to_int16(samples) if format == "flac" else np.clip(samples, -1.0, 1.0)
