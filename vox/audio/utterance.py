"""Speech between two silences, cut out of a recording. Loads nothing: whoever recognises it need not hear it."""

from dataclasses import dataclass

from vox.audio.wav import header

__all__ = ["Utterance"]

_RATE = 16_000  # Hz of `vox.audio.microphone`, which loads numpy


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of a recording in which somebody speaks, with some room around it."""

    start: int
    """Samples of the recording that came before it."""
    pcm: bytes
    """16-bit little-endian, mono, at 16 kHz."""

    @property
    def start_s(self) -> float:
        """Seconds of the recording before it."""
        return self.start / _RATE

    @property
    def duration_s(self) -> float:
        """Its own seconds."""
        return len(self.pcm) / 2 / _RATE

    def wav(self) -> bytes:
        """The utterance as a WAV file."""
        return header(_RATE, 1, len(self.pcm)) + self.pcm
