"""What may be asked of the runtime: plain values that every door fills from its own wire."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vox.types import Progress

__all__ = ["Caller", "OnProgress", "SynthesizeRequest", "TranscribeRequest"]

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and through which method: for fairness and telemetry, never for rights."""

    client: str = "unknown"
    method: str = ""


@dataclass(frozen=True, slots=True)
class TranscribeRequest:
    """Audio to be recognised. None means that the client said nothing about it."""

    source: Path | bytes
    model: str | None = None
    language: str | None = None
    prompt: str | None = None
    hotwords: tuple[str, ...] | None = None
    words: bool | None = None
    temperature: float | None = None
    task: str | None = None
    max_wait_s: float | None = None
    """Seconds the call may wait for its turn; 0 does not wait."""


@dataclass(frozen=True, slots=True)
class SynthesizeRequest:
    """Text to be spoken."""

    text: str
    model: str | None = None
    voice: str | None = None
    format: str = "wav"
    speed: float | None = None
    instructions: str | None = None
    language: str | None = None
    max_wait_s: float | None = None
