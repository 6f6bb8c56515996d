"""The values that travel through the runtime: frozen, small, without opinions about JSON.

Times are seconds as `float`, except in metrics, whose names end in `Ms` as the protocol fixed them.
"""

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "AudioChunk",
    "Kind",
    "ModelInfo",
    "Partial",
    "Priority",
    "Progress",
    "Segment",
    "Speech",
    "Transcript",
    "Voice",
    "Word",
]

Kind = Literal["asr", "tts"]
"""What a provider does: recognise speech, or make it."""

Priority = Literal["interactive", "batch"]
"""How urgent a call is: somebody waits for its answer, or it is one of many that may take their time."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as its provider describes it."""

    id: str
    name: str
    backend: str
    kind: Kind
    provider: str
    installed: bool = True
    preloaded: bool = False
    available: bool = True
    languages: tuple[str, ...] = ()
    """BCP 47 tags; empty when the provider does not say."""
    max_concurrency: int | None = None
    sample_rate: int | None = None
    """Hz the model wants (ASR) or makes (TTS); None means 16 000 for ASR."""
    size_bytes: int | None = None
    words: bool = False
    """Whether it gives word timings."""
    streaming: bool = False
    features: tuple[str, ...] = ()
    description: str = ""
    remedy: str = ""
    """What to do to make it usable, when it is not."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of a TTS model."""

    id: str
    name: str
    model: str
    backend: str
    language: str | None = None
    available: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; times in seconds from the start of the audio, confidence 0 to 1."""

    word: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A timed piece of a transcript, usually a sentence or the speech between two silences."""

    id: int
    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in one piece of audio. An empty `text` means that no speech was found."""

    model: str
    text: str
    elapsed_ms: float
    duration_s: float
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    words: tuple[Word, ...] | None = None
    segments: tuple[Segment, ...] | None = None
    language: str | None = None
    confidence: float | None = None
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Speech:
    """Speech made from text, encoded as the caller asked."""

    model: str
    voice: str
    format: str
    content_type: str
    audio: bytes
    elapsed_ms: float
    duration_s: float
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of speech, handed on while the rest is made."""

    pcm: bytes
    """Whole samples: 16-bit little-endian, mono."""
    sample_rate: int
    """Hz; the same for all pieces of one speech."""
    whole: bool = False
    """Whether it is all there is, because the engine does not make speech piece by piece."""


@dataclass(frozen=True, slots=True)
class Partial:
    """All the text recognised so far, while the rest is worked on."""

    text: str
    stable: int = 0
    """How many characters at its beginning will stay as they are."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an install or preload has come; `fraction` is 0 to 1."""

    model: str
    fraction: float
    status: str
    bytes_done: int | None = None
    bytes_total: int | None = None
