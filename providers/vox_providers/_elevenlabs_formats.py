"""The formats that ElevenLabs delivers speech in, and what becomes of each on its way to Vox.

A format is written `codec_rate` or `codec_rate_bitrate`. Samples without a file around them (`pcm`, and G.711 as `ulaw`
or `alaw`) can be heard while they arrive; a WAV, MP3 or Ogg file goes to Vox as it is, which decodes it. Which formats
an account may use depends on its plan. Source: `output_format` in ElevenLabs' API reference of POST
/v1/text-to-speech.
"""

from __future__ import annotations

from functools import cache

from vox.provider import ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["DEFAULT", "FORMATS", "Format", "find_format"]

_PLAIN_RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
_BITRATES = {
    "mp3_22050": (32,),
    "mp3_24000": (48,),
    "mp3_44100": (32, 64, 96, 128, 192),
    "opus_48000": (32, 64, 96, 128, 192),
}

FORMATS: tuple[str, ...] = (
    *(f"{codec}_{rate}" for codec in ("pcm", "wav") for rate in _PLAIN_RATES),
    *(f"{kind}_{bitrate}" for kind, bitrates in _BITRATES.items() for bitrate in bitrates),
    "ulaw_8000",
    "alaw_8000",
)
"""What the API offers."""

DEFAULT = "pcm_24000"
"""Nothing lost, the rate the voices are made at, open to every plan, and heard while it is made."""

_CONTENT_TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg"}


class Format:
    """One of `FORMATS`.

    Attributes:
        name: As the API has it.
        codec: `pcm`, `wav`, `mp3`, `opus`, `ulaw` or `alaw`.
        rate: In Hz.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.codec, rate = name.split("_")[:2]
        self.rate = int(rate)

    @property
    def is_compressed(self) -> bool:
        """Whether only a whole file of it can be decoded, and that is left to Vox."""
        return self.codec in _CONTENT_TYPES

    @property
    def live(self) -> Format | None:
        """The format to ask for when the speech is to be heard while it is made: a WAV's samples without their header,
        this one where it has none; None for a compressed one."""
        if self.is_compressed:
            return None
        return Format(f"pcm_{self.rate}") if self.codec == "wav" else self

    @property
    def content_type(self) -> str:
        """Of the files of a compressed format."""
        return _CONTENT_TYPES[self.codec]

    def samples(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """16-bit little-endian samples of raw speech, as its bytes arrive; a sample cut in two is put together.

        Raises:
            ProviderError: The last sample is not whole (`provider_misbehaved`).
        """
        if self.codec != "pcm":
            table = _g711(self.codec)
            for chunk in chunks:
                yield b"".join([table[byte] for byte in chunk])
            return
        rest = b""
        for chunk in chunks:
            data = rest + chunk
            whole = len(data) // 2 * 2
            rest = data[whole:]
            if whole:
                yield data[:whole]
        if rest:
            raise ProviderError("ElevenLabs sent half a sample at the end of the speech.", code="provider_misbehaved")

    def fits(self, data: bytes) -> bool:
        """Whether a file begins as one of this compressed format does."""
        if self.codec == "opus":
            return data[:4] == b"OggS"
        return data[:3] == b"ID3" or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0)


def find_format(name: str) -> Format:
    """The format of that name, `DEFAULT` for an empty one.

    Raises:
        ProviderError: The API has none of that name (`unsupported_format`).
    """
    if not name:
        return Format(DEFAULT)
    if name not in FORMATS:
        raise ProviderError(
            f"ELEVENLABS_OUTPUT_FORMAT is {name[:40]!r}, which ElevenLabs does not offer. Remove it for {DEFAULT}, or "
            f"set one of {', '.join(FORMATS)}.",
            code="unsupported_format",
        )
    return Format(name)


@cache
def _g711(law: str) -> list[bytes]:
    """The sample of each of the 256 codes, as two bytes. Source: ITU-T G.711."""
    value = _mu_law if law == "ulaw" else _a_law
    return [value(code).to_bytes(2, "little", signed=True) for code in range(256)]


def _mu_law(code: int) -> int:
    inverted = code ^ 0xFF
    size = (((inverted & 0x0F) << 3) + 0x84 << ((inverted & 0x70) >> 4)) - 0x84
    return -size if inverted & 0x80 else size


def _a_law(code: int) -> int:
    plain = code ^ 0x55
    chord, step = (plain & 0x70) >> 4, plain & 0x0F
    size = (step << 4) + 8 if chord == 0 else (step << 4) + 0x108 << chord - 1
    return size if plain & 0x80 else -size
