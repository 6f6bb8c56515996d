"""What was found out about a model, also when it could not be finished."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from vox.bench.words import NO_ERRORS, WordErrors
from vox.errors import VoxError
from vox.types import Kind

__all__ = ["Found", "Heard", "Hearing", "RoundTrip", "Said", "Speaking"]


@dataclass(slots=True)
class Found:
    """What is known of a model of either kind. Times are milliseconds; None is what was not measured."""

    model: str
    kind: Kind
    provider: str = ""
    error: VoxError | None = None
    """What ended its measurement."""
    start_ms: float | None = None
    """From the start of its process to its first answer."""
    load_ms: float | None = None
    """From then until the model was in memory."""
    peak_bytes: int | None = None
    """The most its processes have held."""

    @property
    def ready_ms(self) -> float | None:
        """From nothing to a model that can be used."""
        return None if self.start_ms is None or self.load_ms is None else self.start_ms + self.load_ms

    def facts(self) -> dict[str, Any]:
        """The same under the wire's names."""
        return {
            "modelId": self.model,
            "provider": self.provider,
            "error": None if self.error is None else self.error.info(),
            "startMs": _rounded(self.start_ms),
            "loadMs": _rounded(self.load_ms),
            "peakBytes": self.peak_bytes,
        }


@dataclass(slots=True)
class Heard:
    """A recording that a model has heard, once or more often."""

    name: str
    seconds: float = 0.0
    times_ms: list[float] = field(default_factory=list[float])
    text: str = ""
    """As it was heard first."""
    errors: WordErrors = NO_ERRORS
    """Of all times together."""
    error: VoxError | None = None

    def facts(self) -> dict[str, Any]:
        """The same under the wire's names."""
        return {
            "name": self.name,
            "error": None if self.error is None else self.error.info(),
            "audioDurationMs": _rounded(self.seconds * 1000),
            "totalMs": [_rounded(one) for one in self.times_ms],
            "realtimeFactor": _factor([self]),
            **_errors(self.errors),
            "text": self.text,
        }


@dataclass(slots=True)
class Hearing(Found):
    """A recogniser, and what it made of the recordings."""

    heard: list[Heard] = field(default_factory=list[Heard])
    timings: bool | None = None
    """Whether it tells when each word was said."""
    confidence: bool | None = None
    """Whether it tells how sure it is of each."""

    @property
    def errors(self) -> WordErrors:
        """Of all recordings together."""
        return _sum([one.errors for one in self.heard])

    @property
    def factor(self) -> float | None:
        """Time per time of audio, the median of each recording; smaller is faster."""
        return _factor(self.heard)

    def facts(self) -> dict[str, Any]:
        """The same under the wire's names."""
        return {
            **Found.facts(self),
            **_errors(self.errors),
            "realtimeFactor": self.factor,
            "timings": self.timings,
            "confidence": self.confidence,
            "files": [one.facts() for one in self.heard],
        }


@dataclass(slots=True)
class Said:
    """A text that a model has spoken, once or more often."""

    text: str
    seconds: float = 0.0
    times_ms: list[float] = field(default_factory=list[float])
    first_ms: list[float] = field(default_factory=list[float])
    """From the call to the first audio."""
    samples: bytes = b""
    """As it was spoken first, 16 bits, mono."""
    rate: int = 0
    """Hz."""

    def facts(self) -> dict[str, Any]:
        """The same under the wire's names, without the audio."""
        return {
            "text": self.text,
            "audioDurationMs": _rounded(self.seconds * 1000),
            "totalMs": [_rounded(one) for one in self.times_ms],
            "firstAudioMs": [_rounded(one) for one in self.first_ms],
            "realtimeFactor": _factor([self]),
        }


@dataclass(slots=True)
class RoundTrip:
    """What a recogniser made of the speech."""

    recogniser: str
    errors: WordErrors = NO_ERRORS
    heard: list[str] = field(default_factory=list[str])
    error: VoxError | None = None

    def facts(self) -> dict[str, Any]:
        """The same under the wire's names."""
        error = None if self.error is None else self.error.info()
        return {"modelId": self.recogniser, "error": error, **_errors(self.errors), "texts": self.heard}


@dataclass(slots=True)
class Speaking(Found):
    """A model that speaks, and what recognisers made of its speech."""

    voice: str | None = None
    said: list[Said] = field(default_factory=list[Said])
    page: Said | None = None
    """The first sentences as one text."""
    trips: list[RoundTrip] = field(default_factory=list[RoundTrip])

    @property
    def factor(self) -> float | None:
        """Time per time of audio, the median of each sentence; smaller is faster."""
        return _factor(self.said)

    @property
    def first_ms(self) -> float | None:
        """The median wait for the first audio of a sentence."""
        waits = [wait for one in self.said for wait in one.first_ms]
        return median(waits) if waits else None

    @property
    def page_first_ms(self) -> float | None:
        """The median wait for the first audio of a longer text."""
        return median(self.page.first_ms) if self.page is not None and self.page.first_ms else None

    def facts(self) -> dict[str, Any]:
        """The same under the wire's names."""
        return {
            **Found.facts(self),
            "voiceId": self.voice,
            "realtimeFactor": self.factor,
            "firstAudioMs": _rounded(self.first_ms),
            "pageFirstAudioMs": _rounded(self.page_first_ms),
            "roundTrips": [one.facts() for one in self.trips],
            "sentences": [one.facts() for one in self.said],
        }


def _sum(errors: list[WordErrors]) -> WordErrors:
    return WordErrors(sum(one.wrong for one in errors), sum(one.said for one in errors))


def _errors(errors: WordErrors) -> dict[str, Any]:
    rate = errors.rate
    return {"wordErrorRate": rate if rate is None else round(rate, 6), "wordErrors": errors.wrong, "words": errors.said}


def _factor(parts: "list[Heard] | list[Said]") -> float | None:
    done = [one for one in parts if one.times_ms and one.seconds]
    seconds = sum(one.seconds for one in done)
    return round(sum(median(one.times_ms) for one in done) / 1000 / seconds, 6) if seconds else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
