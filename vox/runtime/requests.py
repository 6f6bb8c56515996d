"""What may be asked of the runtime: plain values that every door fills from its own wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vox.errors import InvalidRequest
from vox.runtime.positions import OnWait
from vox.types import Priority, Progress

__all__ = ["MAX_TEXT", "Caller", "OnProgress", "OnRoute", "SynthesizeRequest", "TranscribeRequest"]

MAX_TEXT = 1_000_000
"""Characters of one synthesis request; a provider may take fewer."""

OnProgress = Callable[[Progress], None]
OnRoute = Callable[[str, str], None]
"""Told of a model and a voice."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, through which method, and how urgently: for fairness and telemetry, never for rights."""

    client: str = "unknown"
    method: str = ""
    priority: Priority = "interactive"
    on_wait: OnWait | None = None
    """Told where the call stands while it waits for its turn."""


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

    def params(self, model: str, path: Path) -> dict[str, Any]:
        """What the provider is sent. Optional parameters travel only when a client gave them: a provider written from
        the published page knows two."""
        optional = {
            "language": self.language,
            "prompt": self.prompt,
            "hotwords": None if self.hotwords is None else list(self.hotwords),
            "words": self.words,
            "temperature": self.temperature,
            "task": self.task,
        }
        return {"modelId": model, "path": str(path)} | _given(optional)


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
    credentials: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Keys of vendors that the client lends for this call; only a provider that declares it takes them gets them."""

    def speakable(self) -> str:
        """The text as a provider may get it: valid Unicode, without NUL.

        Raises:
            InvalidRequest: Nothing is left, or it is too long.
        """
        clean = self.text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
        if not clean.strip():
            raise InvalidRequest("There is no text to speak.")
        if len(clean) > MAX_TEXT:
            raise InvalidRequest(f"The text has {len(clean)} characters; at most {MAX_TEXT} are taken. Split it.")
        return clean

    def params(self, model: str, text: str, voice: str | None) -> dict[str, Any]:
        """What the provider is sent: always wav, which Vox turns into the wanted format itself."""
        optional = {
            "voiceId": voice,
            "speed": self.speed,
            "instructions": self.instructions,
            "language": self.language,
        }
        return {"modelId": model, "input": text, "format": "wav"} | _given(optional)


def _given(optional: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in optional.items() if value is not None}
