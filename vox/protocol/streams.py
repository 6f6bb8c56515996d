"""What a provider may send before its answer: audio as it is made, and text as it is heard.

Both are notifications that carry the id of their request, so calls that run side by side never mix. What a notification
lacks is forgiven where it can be known (a sequence number, a rate the model is known to have); what would reach the
listener as the wrong sound is not. Source: the provider protocol, section "Additions a provider may offer".
"""

from typing import Any

import pybase64

from vox.errors import ProviderMisbehaved
from vox.protocol.peer import Notice

__all__ = ["AUDIO", "PARTIAL", "STREAMED", "AudioStream", "call_id", "read_partial"]

AUDIO, PARTIAL = "audio", "partial"
"""The notifications."""

STREAMED = frozenset((AUDIO, PARTIAL))
"""The methods of notifications that belong to the call whose id they carry."""

_SAMPLE_BYTES = 2  # 16-bit, mono
_RATES = range(8_000, 192_001)  # Hz; as for `sampleRate` of a model


class AudioStream:
    """Puts the audio of one synthesis together from its notifications.

    Args:
        rate: Hz the model is known to make, for a provider that does not say it in its first notification.
    """

    __slots__ = ("_half", "_next", "rate", "size")

    def __init__(self, rate: int | None = None) -> None:
        self.rate = rate
        """Hz, as far as known."""
        self.size = 0
        """Bytes of all samples so far."""
        self._next = 0
        self._half = b""  # the first byte of a sample whose second one comes with the next notification

    @property
    def begun(self) -> bool:
        """Whether there was any notification."""
        return self._next > 0

    @property
    def duration_s(self) -> float:
        """Seconds of sound so far."""
        return self.size / _SAMPLE_BYTES / self.rate if self.rate else 0.0

    def take(self, notice: Notice) -> bytes:
        """The samples a notification brings: 16-bit little-endian PCM, mono, whole samples; may be empty.

        Raises:
            ProviderMisbehaved: Out of order, repeated, of another rate than before, or not base64.
        """
        self._take_sequence(notice.params.get("sequence"))
        self._take_rate(notice.params.get("sampleRate"))
        audio = notice.audio if notice.audio is not None else _decode(notice.params.get("audioBase64"))
        pcm = self._half + audio if self._half else audio
        whole = len(pcm) // _SAMPLE_BYTES * _SAMPLE_BYTES
        self._half = pcm[whole:]
        self.size += whole
        return pcm[:whole] if self._half else pcm

    def end(self) -> None:
        """The answer came.

        Raises:
            ProviderMisbehaved: The audio ended within a sample.
        """
        if self._half:
            raise ProviderMisbehaved("The provider's stream of audio ended within a 16-bit sample.")

    def _take_sequence(self, value: Any) -> None:
        if value is not None and (isinstance(value, bool) or value != self._next):
            raise ProviderMisbehaved(
                f"The provider's stream of audio is out of order: sequence {str(value)[:20]}, expected {self._next}."
            )
        self._next += 1

    def _take_rate(self, value: Any) -> None:
        first = self._next == 1
        if value is None:
            if self.rate is None:
                raise ProviderMisbehaved("The provider's stream of audio does not say its sampleRate.")
            return
        if isinstance(value, bool) or not isinstance(value, int | float) or value not in _RATES:
            raise ProviderMisbehaved(
                f"The provider's stream of audio has sampleRate {str(value)[:20]}; "
                f"it must be a whole number from {_RATES[0]} to {_RATES[-1]}."
            )
        if not first and value != self.rate:
            raise ProviderMisbehaved(
                f"The provider's stream of audio changed its sampleRate from {self.rate} to {value}."
            )
        self.rate = int(value)


def read_partial(notice: Notice) -> tuple[str, int]:
    """All the text heard so far, and how many of its characters will stay as they are: `stable` may say a number, or
    true for all of them.

    Raises:
        ProviderMisbehaved: No text.
    """
    text, stable = notice.params.get("text"), notice.params.get("stable")
    if not isinstance(text, str):
        raise ProviderMisbehaved("The provider's partial has no text.")
    if isinstance(stable, bool) or not isinstance(stable, int):
        return text, len(text) if stable is True else 0
    return text, min(max(stable, 0), len(text))


def call_id(notice: Notice) -> int:
    """The id of the request a notification belongs to; 0, which is never given out, when it names none."""
    value = notice.params.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit() else 0


def _decode(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ProviderMisbehaved("The provider's stream of audio has a notification without audioBase64.")
    try:
        return pybase64.b64decode(value, validate=True)
    except ValueError:
        raise ProviderMisbehaved("The provider's stream of audio is not valid base64.") from None
