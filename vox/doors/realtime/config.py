"""The configuration of a session, as a value: changed by making another, shown in GA shape."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from vox.config.realtime import RealtimeSettings
from vox.doors.realtime.fields import Fields
from vox.doors.realtime.formats import AudioType, format_shape, read_format
from vox.doors.realtime.manner import Manner
from vox.doors.realtime.transcription_config import Transcription
from vox.doors.realtime.turn_config import TurnDetection
from vox.doors.realtime.wire import new_id

__all__ = ["Greeting", "SessionConfig", "SessionType"]

SessionType: TypeAlias = Literal["realtime", "transcription"]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the session begins with: a text to be spoken, or a prompt to be answered."""

    text: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class SessionConfig(Manner):
    """All that a session may be told."""

    type: SessionType = "realtime"
    id: str = field(default_factory=lambda: new_id("sess"))
    input_format: AudioType = "audio/pcm"
    transcription: Transcription | None = field(default_factory=Transcription)
    """None tells the client no transcripts; a conversation is recognised all the same."""
    turn_detection: TurnDetection | None = field(default_factory=TurnDetection)
    truncation: Any = "auto"
    include: tuple[str, ...] | None = None
    expires_at: int | None = None
    """When the session ends, in seconds since 1970."""
    greeting: Greeting | None = None

    @classmethod
    def start(
        cls, settings: RealtimeSettings, type: SessionType = "realtime", model: str | None = None
    ) -> "SessionConfig":
        """What a session begins with.

        Args:
            model: The name in the address; of a transcription session, the recogniser's.
        """
        turns = settings.turn_detection
        detection = TurnDetection(
            threshold=turns.threshold,
            prefix_padding_ms=turns.prefix_padding_ms,
            silence_duration_ms=turns.silence_duration_ms,
        )
        config = cls(
            type=type,
            model=model or "vox",
            turn_detection=detection if turns.enabled else None,
        )
        if type == "transcription":
            ears = Transcription(model=model)
            return replace(config, transcription=ears, turn_detection=None if ears.by_hand else config.turn_detection)
        greeting = None if settings.greeting is None else Greeting(text=settings.greeting)
        return replace(config, instructions=settings.instructions, greeting=greeting)

    def merged(self, patch: object) -> "SessionConfig":
        """With what a `session` object names, and all else as it was. What cannot be had here but changes nothing that
        is heard (tracing, noise reduction, temperature) is taken and not kept.

        Raises:
            EventError: A value cannot be used; `param` names it.
        """
        fields = Fields.of(patch, "session")
        kind = fields.choice("type", self.type, ("realtime", "transcription"))
        return replace(self, type=kind)._with_input(fields.group("audio").group("input"))._with_rest(fields)

    def _with_input(self, given: Fields) -> "SessionConfig":
        transcription = _transcription(given, self.transcription)
        return replace(
            self,
            input_format=read_format(given, self.input_format),
            transcription=transcription,
            turn_detection=_turn_detection(given, self._turns_with(transcription)),
        )

    def _turns_with(self, ears: Transcription | None) -> TurnDetection | None:
        """How turns end with that recogniser, where the client says nothing of it."""
        before = None if self.transcription is None else self.transcription.model
        if self.type == "transcription" and ears is not None and ears.by_hand and ears.model != before:
            return None
        return self.turn_detection

    def _with_rest(self, fields: Fields) -> "SessionConfig":
        output, vox = fields.group("audio").group("output"), fields.group("vox")
        return replace(
            self.in_manner(fields),
            instructions=fields.text("instructions", "") if fields.given("instructions") else self.instructions,
            speed=output.number("speed", self.speed, 0.25, 1.5),
            truncation=fields.told_again("truncation", self.truncation) or "auto",
            include=fields.texts("include", self.include),
            greeting=_greeting(vox, self.greeting),
            latency_events=vox.flag("latency_events", self.latency_events),
        )

    def shape(self) -> dict[str, Any]:
        """The session object in GA shape, all of it; the nulls are meant."""
        if self.type == "transcription":
            told = {"audio": {"input": self._input_shape()}}
            return self._head("realtime.transcription_session") | told | self._tail()
        output = {"format": format_shape(self.output_format), "voice": self.voice, "speed": self.speed}
        told = {
            "model": self.model,
            "instructions": self.instructions,
            "output_modalities": [self.output_modality],
            "audio": {"input": self._input_shape(), "output": output},
            "tools": list(self.tools),
            "tool_choice": self.tool_choice,
            "max_output_tokens": self.max_output_tokens,
            "truncation": self.truncation,
            "tracing": None,
        }
        if self.parallel_tool_calls is not None:
            told["parallel_tool_calls"] = self.parallel_tool_calls
        return self._head("realtime.session") | told | self._tail()

    def _input_shape(self) -> dict[str, Any]:
        return {
            "format": format_shape(self.input_format),
            "transcription": None if self.transcription is None else self.transcription.shape(),
            "noise_reduction": None,
            "turn_detection": None if self.turn_detection is None else self.turn_detection.shape(),
        }

    def _head(self, kind: str) -> dict[str, Any]:
        return {"type": self.type, "object": kind, "id": self.id}

    def _tail(self) -> dict[str, Any]:
        told: dict[str, Any] = {} if self.include is None else {"include": list(self.include)}
        if self.expires_at is not None:
            told["expires_at"] = self.expires_at
        if self.latency_events:
            told["vox"] = {"latency_events": True}
        return told


def _transcription(fields: Fields, now: Transcription | None) -> Transcription | None:
    if not fields.given("transcription"):
        return now
    if fields.is_null("transcription"):
        return None
    return (now or Transcription()).merged(fields.group("transcription"))


def _turn_detection(fields: Fields, now: TurnDetection | None) -> TurnDetection | None:
    if not fields.given("turn_detection"):
        return now
    if fields.is_null("turn_detection"):
        return None
    return (now or TurnDetection()).merged(fields.group("turn_detection"))


def _greeting(vox: Fields, now: Greeting | None) -> Greeting | None:
    if not vox.given("greeting"):
        return now
    if isinstance(vox.anything("greeting", None), str):
        greeting = Greeting(text=vox.text("greeting", None))
    else:
        given = vox.group("greeting")
        greeting = Greeting(text=given.text("text", None) or None, prompt=given.text("prompt", None))
    return greeting if greeting.text or greeting.prompt else None
