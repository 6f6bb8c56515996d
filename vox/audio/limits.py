"""How much audio one request may bring."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps that hold while decoding, so that a small file cannot unpack into an endless one.

    The rates are those of recorders that exist: telephones sample at 8 kHz and studio gear at up to 768 kHz. Outside
    of them a header is damaged or hostile, and a resampler for it would need unreasonable memory.
    """

    max_bytes: int = 512 * 2**20
    """Of the file or message as it comes."""
    max_duration_s: float = 24 * 3600.0
    max_channels: int = 64
    min_rate: int = 1_000
    """Hz."""
    max_rate: int = 768_000
    """Hz."""
