"""Whether a vendor's answer is the audio it claims to be, and its samples as Vox wants them: 16 bits, mono.

A WAV is read while it arrives. Live encoders do not know its length and write 0 or the largest number instead; such a
file lasts until the answer ends. Any other length has to be true, so a file that ends early is noticed.
Source: RIFF WAVE, Microsoft and IBM, 1991; RFC 2361 for the extensible form.
"""

from __future__ import annotations

from vox.provider import Call, ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vox_providers._http import Answer

__all__ = ["WavReader", "check_pcm", "refuse_text", "send_pcm", "send_wav"]

_RATES = range(8_000, 192_001)  # Hz
_CHANNELS = range(1, 9)
_OPEN_SIZES = frozenset((0, 0x7FFFFFFF, 0xFFFFFFFF))
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_LARGEST_HEAD = 1 << 20  # bytes before the samples: notes and pictures, but not without an end
_TEXT = ("application/json", "application/problem+json", "application/xml", "application/xhtml+xml")
_GRAIN = 100  # pieces a second at most, so that small network reads do not become small messages


class WavReader:
    """Takes the bytes of a WAV as they come and gives 16-bit mono samples.

    Attributes:
        rate: In Hz; 0 until it is known.
        samples: How many samples have been given.
    """

    def __init__(self) -> None:
        self.rate = 0
        self.samples = 0
        self._head = bytearray()
        self._form = (0, 0, 0)  # encoding, channels, bits
        self._left: int | None = None  # bytes of samples still to come; None without an announced length
        self._rest = b""
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        """The samples that `data` completes.

        Raises:
            ValueError: It is no WAV, or one of another kind than is read here.
        """
        if not self._begun:
            self._head += data
            if not self._find_samples():
                return b""
            data = bytes(self._head)
            self._head.clear()
        if self._left is not None:
            data = data[: self._left]  # what follows the samples are notes
            self._left -= len(data)
        return self._convert(data)

    def finish(self) -> None:
        """Say that the answer has ended.

        Raises:
            ValueError: It ended early, or holds no samples.
        """
        if not self._begun:
            raise ValueError("it ends before the samples begin")
        if self._left or self._rest:
            raise ValueError("it ends before its last sample")
        if not self.samples:
            raise ValueError("it holds no samples")

    def _find_samples(self) -> bool:
        """Take the chunks before the samples from the head, once they are all there."""
        head = self._head
        if len(head) >= 12 and not (head.startswith(b"RIFF") and head.startswith(b"WAVE", 8)):
            raise ValueError("it does not begin as a WAV does")
        at = 12
        while len(head) >= at + 8:
            name, size = bytes(head[at : at + 4]), int.from_bytes(head[at + 4 : at + 8], "little")
            if name == b"data":
                self._open(at + 8, size)
                return True
            if at + size > _LARGEST_HEAD:
                raise ValueError("there are no samples in its first megabyte")
            if name == b"fmt " and len(head) >= at + 8 + size:
                self._read_form(bytes(head[at + 8 : at + 8 + size]))
            at += 8 + size + size % 2
        return False

    def _open(self, at: int, size: int) -> None:
        if not self.rate:
            raise ValueError("it does not tell its format before its samples")
        whole = int.from_bytes(self._head[4:8], "little")
        unknown = size in _OPEN_SIZES or size > 0xFFFFFFFF - 4096
        if not unknown and whole not in _OPEN_SIZES and whole + 8 < at + size:
            raise ValueError("its samples are longer than the file says to be")
        self._left = None if unknown else size
        self._begun = True
        del self._head[:at]

    def _read_form(self, form: bytes) -> None:
        if len(form) < 16:
            raise ValueError("its format is cut short")
        encoding, channels, rate, _, _, bits = (
            int.from_bytes(form[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8), (8, 12), (12, 14), (14, 16))
        )
        if encoding == _EXTENSIBLE and len(form) >= 26:
            encoding = int.from_bytes(form[24:26], "little")
        if (encoding, bits) not in ((_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32)):
            raise ValueError(f"its samples have encoding {encoding} with {bits} bits")
        check_pcm(rate, channels)
        self.rate, self._form = rate, (encoding, channels, bits)

    def _convert(self, data: bytes) -> bytes:
        encoding, channels, bits = self._form
        data = self._rest + data
        whole = len(data) - len(data) % (channels * bits // 8)
        self._rest = data[whole:]
        self.samples += whole // (channels * bits // 8)
        plain = (encoding, channels, bits) == (_PCM, 1, 16)
        return data[:whole] if plain else _to_mono(data[:whole], encoding, channels, bits)


def check_pcm(rate: int, channels: int, data: bytes | None = None) -> None:
    """Whether 16-bit samples of that kind can be sound.

    Raises:
        ValueError: A rate outside 8 to 192 kHz, channels outside 1 to 8, no sample, or a part of one.
    """
    if rate not in _RATES:
        raise ValueError(f"it has {rate} samples a second; 8000 to 192000 are possible")
    if channels not in _CHANNELS:
        raise ValueError(f"it has {channels} channels; 1 to 8 are possible")
    if data is not None and (not data or len(data) % (2 * channels)):
        raise ValueError(f"{len(data)} bytes are no whole number of samples")


def send_wav(call: Call, chunks: Iterable[bytes], what: str) -> None:
    """Pass on the samples of a WAV while it arrives.

    Raises:
        ProviderError: It is no WAV, or ends early (`provider_misbehaved`).
    """
    reader, waiting = WavReader(), bytearray()
    try:
        for chunk in chunks:
            waiting += reader.feed(chunk)
            if reader.rate and len(waiting) >= 2 * reader.rate // _GRAIN:
                call.send_audio(waiting, reader.rate)
                waiting.clear()
        reader.finish()
    except ValueError as problem:
        raise _not_audio(what, str(problem)) from None
    call.send_audio(waiting, reader.rate)


def send_pcm(call: Call, data: bytes, rate: int, channels: int, what: str) -> None:
    """Pass on samples without a header: 16 bits, little-endian.

    Raises:
        ProviderError: They cannot be sound (`provider_misbehaved`).
    """
    try:
        check_pcm(rate, channels, data)
    except ValueError as problem:
        raise _not_audio(what, str(problem)) from None
    call.send_audio(data if channels == 1 else _to_mono(data, _PCM, channels, 16), rate)


def refuse_text(answer: Answer, what: str) -> None:
    """Whether an answer of success may hold audio, as far as its type tells.

    Raises:
        ProviderError: It is text, JSON or a page (`provider_misbehaved`).
    """
    if answer.content_type.startswith("text/") or answer.content_type in _TEXT:
        raise _not_audio(what, f"it is {answer.content_type}")


def _not_audio(what: str, why: str) -> ProviderError:
    message = f"{what} request failed: the answer is not the audio it should be: {why}."
    return ProviderError(message, code="provider_misbehaved")


def _to_mono(data: bytes, encoding: int, channels: int, bits: int) -> bytes:
    """Samples of any kind that is read here as 16 bits, the channels as their mean."""
    import numpy as np

    if encoding == _FLOAT:
        values = np.nan_to_num(np.frombuffer(data, "<f4")).astype(np.float64) * 32768
    elif bits == 8:
        values = (np.frombuffer(data, "u1").astype(np.float64) - 128) * 256
    elif bits == 24:
        triples = np.frombuffer(data, "u1").reshape(-1, 3)
        padded = np.pad(triples, ((0, 0), (1, 0)))
        values = np.ascontiguousarray(padded).view("<i4").ravel().astype(np.float64) / 65536
    else:
        values = np.frombuffer(data, f"<i{bits // 8}").astype(np.float64) / 2 ** (bits - 16)
    mono = values.reshape(-1, channels).mean(axis=1)
    return np.clip(np.rint(mono), -32768, 32767).astype("<i2").tobytes()
