"""The configuration of a session, as a value: changed by making another, shown in GA shape.

A response keeps a `ResponseConfig` of its own, so that nothing which is said later changes what is under way.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from vox.config.realtime import RealtimeSettings
from vox.doors.realtime.fields import Fields
from vox.doors.realtime.formats import AudioType, format_shape, read_format
from vox.doors.realtime.tools import ToolChoice, read_tool_choice, read_tools
from vox.doors.realtime.turn_config import TurnDetection
from vox.doors.realtime.wire import new_id
from vox.runtime.agent.conversation import Item

__all__ = ["Greeting", "MaxTokens", "ResponseConfig", "SessionConfig", "SessionType", "Transcription", "TurnTimes"]

SessionType: TypeAlias = Literal["realtime", "transcription"]
Modality: TypeAlias = Literal["audio", "text"]
MaxTokens: TypeAlias = int | Literal["inf"]

_LONGEST_NAME = 256  # characters of a model's, a voice's or a language's name
_BY_HAND = ("gpt-realtime-whisper", "gpt-live-transcribe")
_MOST_METADATA, _LONGEST_KEY, _LONGEST_VALUE = 16, 64, 512  # as OpenAI has it


@dataclass(frozen=True, slots=True)
class Transcription:
    """How what the user says is recognised. None leaves it to the daemon's defaults."""

    model: str | None = None
    """As the client named it, perhaps one of OpenAI's names."""
    language: str | None = None
    prompt: str | None = None

    @property
    def by_hand(self) -> bool:
        """Whether clients end the turns unless they say otherwise, as that model does not find them at OpenAI's."""
        return self.model is not None and self.model.startswith(_BY_HAND)

    def shape(self) -> dict[str, Any]:
        """In GA shape; what was not said is absent."""
        told = {"model": self.model, "language": self.language, "prompt": self.prompt}
        return {name: value for name, value in told.items() if value is not None}

    def merged(self, fields: Fields) -> "Transcription":
        """With what an update names.

        Raises:
            EventError: A value cannot be used.
        """
        fields.text("delay", None, _LONGEST_NAME)  # of OpenAI's whisper: ours never waits
        return Transcription(
            model=fields.text("model", self.model, _LONGEST_NAME),
            language=fields.text("language", self.language, _LONGEST_NAME),
            prompt=fields.text("prompt", self.prompt),
        )


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the session begins with: a text to be spoken, or a prompt to be answered."""

    text: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """When a turn of the user came how far, on the clock of `Services`; for telling where time goes."""

    speech_end: float
    """The last sound of speech, as far as that can be told from when its audio came."""
    stopped: float
    """Its end was decided on."""
    transcribed: float
    """Its text was there."""


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """All that a session may be told."""

    type: SessionType = "realtime"
    id: str = field(default_factory=lambda: new_id("sess"))
    model: str = "vox"
    """What the client asked for, or what it was given instead; only told."""
    instructions: str = ""
    output_modality: Modality = "audio"
    input_format: AudioType = "audio/pcm"
    transcription: Transcription | None = Transcription()
    """None tells the client no transcripts; a conversation is recognised all the same."""
    turn_detection: TurnDetection | None = field(default_factory=TurnDetection)
    output_format: AudioType = "audio/pcm"
    voice: str = "default"
    speed: float = 1.0
    tools: tuple[dict[str, Any], ...] = ()
    """Functions in Realtime's flat shape: type, name, description, parameters."""
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool | None = None
    max_output_tokens: MaxTokens = "inf"
    truncation: Any = "auto"
    include: tuple[str, ...] | None = None
    expires_at: int | None = None
    """When the session ends, in seconds since 1970."""
    greeting: Greeting | None = None
    latency_events: bool = False
    """Whether the client asked for Vox's own events on where time goes."""

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
        changed = self._with_audio(fields.group("audio"))
        return replace(
            changed,
            type=fields.choice("type", self.type, ("realtime", "transcription")),
            instructions=fields.text("instructions", "") if fields.given("instructions") else self.instructions,
        )._with_rest(fields)

    def _with_audio(self, audio: Fields) -> "SessionConfig":
        given, output = audio.group("input"), audio.group("output")
        transcription = _transcription(given, self.transcription)
        return replace(
            self,
            input_format=read_format(given, self.input_format),
            transcription=transcription,
            turn_detection=_turn_detection(given, self._turns_with(transcription)),
            output_format=read_format(output, self.output_format),
            voice=_voice(output, self.voice),
            speed=output.number("speed", self.speed, 0.25, 1.5),
        )

    def _turns_with(self, ears: Transcription | None) -> TurnDetection | None:
        """How turns end with that recogniser, where the client says nothing of it."""
        before = None if self.transcription is None else self.transcription.model
        if self.type == "transcription" and ears is not None and ears.by_hand and ears.model != before:
            return None
        return self.turn_detection

    def _with_rest(self, fields: Fields) -> "SessionConfig":
        _refuse_prompt(fields)
        vox = fields.group("vox")
        return replace(
            self,
            output_modality=_modality(fields, self.output_modality),
            tools=read_tools(fields, self.tools),
            tool_choice=read_tool_choice(fields, self.tool_choice),
            parallel_tool_calls=fields.flag("parallel_tool_calls", self.parallel_tool_calls),
            max_output_tokens=_max_tokens(fields, self.max_output_tokens),
            truncation=fields.told_again("truncation", self.truncation) or "auto",
            include=fields.texts("include", self.include),
            greeting=_greeting(vox, self.greeting),
            latency_events=vox.flag("latency_events", self.latency_events),
        )

    def shape(self) -> dict[str, Any]:
        """The session object in GA shape, all of it; the nulls are meant."""
        given: dict[str, Any] = {
            "format": format_shape(self.input_format),
            "transcription": None if self.transcription is None else self.transcription.shape(),
            "noise_reduction": None,
            "turn_detection": None if self.turn_detection is None else self.turn_detection.shape(),
        }
        if self.type == "transcription":
            told = {"audio": {"input": given}}
            return self._head("realtime.transcription_session") | told | self._tail()
        output = {"format": format_shape(self.output_format), "voice": self.voice, "speed": self.speed}
        told = {
            "model": self.model,
            "instructions": self.instructions,
            "output_modalities": [self.output_modality],
            "audio": {"input": given, "output": output},
            "tools": list(self.tools),
            "tool_choice": self.tool_choice,
            "max_output_tokens": self.max_output_tokens,
            "truncation": self.truncation,
            "tracing": None,
        }
        if self.parallel_tool_calls is not None:
            told["parallel_tool_calls"] = self.parallel_tool_calls
        return self._head("realtime.session") | told | self._tail()

    def _head(self, kind: str) -> dict[str, Any]:
        return {"type": self.type, "object": kind, "id": self.id}

    def _tail(self) -> dict[str, Any]:
        told: dict[str, Any] = {} if self.include is None else {"include": list(self.include)}
        if self.expires_at is not None:
            told["expires_at"] = self.expires_at
        if self.latency_events:
            told["vox"] = {"latency_events": True}
        return told


@dataclass(frozen=True, slots=True)
class ResponseConfig:
    """What one response goes by, from its beginning to its end."""

    instructions: str = ""
    asked: str | None = None
    """The instructions that came with this `response.create`; None where the session's hold. Without a language model
    they are the text to be spoken, and else `input` is."""
    say: str | None = None
    """A text to be spoken as it is, whoever answers otherwise: a greeting."""
    output_modality: Modality = "audio"
    output_format: AudioType = "audio/pcm"
    voice: str = "default"
    speed: float = 1.0
    tools: tuple[dict[str, Any], ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool | None = None
    max_output_tokens: MaxTokens = "inf"
    model: str = "vox"
    in_conversation: bool = True
    """Whether its items become part of the conversation; `conversation: "none"` says not."""
    input: tuple[Item, ...] | None = None
    """What it is to answer instead of the conversation."""
    metadata: dict[str, str] | None = None
    turn: TurnTimes | None = None
    """The turn it answers, when one of the user's started it."""
    latency_events: bool = False

    @classmethod
    def of(cls, session: SessionConfig, patch: object = None, **more: Any) -> "ResponseConfig":
        """A session's, with what the `response` of a `response.create` names instead.

        Args:
            more: Fields that no client names: `say`, `turn`, `input`.

        Raises:
            EventError: A value cannot be used; `param` names it.
        """
        fields = Fields.of({} if patch is None else patch, "response")
        _refuse_prompt(fields)
        output = fields.group("audio").group("output")
        asked = fields.text("instructions", None)
        return cls(
            instructions=session.instructions if asked is None else asked,
            asked=asked,
            output_modality=_modality(fields, session.output_modality),
            output_format=read_format(output, session.output_format),
            voice=_voice(output, session.voice),
            speed=session.speed,
            tools=read_tools(fields, session.tools),
            tool_choice=read_tool_choice(fields, session.tool_choice),
            parallel_tool_calls=fields.flag("parallel_tool_calls", session.parallel_tool_calls),
            max_output_tokens=_max_tokens(fields, session.max_output_tokens),
            model=session.model,
            in_conversation=fields.choice("conversation", "auto", ("auto", "none")) == "auto",
            metadata=_metadata(fields),
            latency_events=session.latency_events,
            **more,
        )


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


def _voice(fields: Fields, now: str) -> str:
    """A name, or `{id}` as OpenAI's own custom voices have it."""
    if isinstance(fields.anything("voice", None), dict):
        return fields.group("voice").text("id", now, _LONGEST_NAME) or now
    return fields.text("voice", now, _LONGEST_NAME) or now


def _modality(fields: Fields, now: Modality) -> Modality:
    """One of the two; older clients name both, or call it `modalities`, and audio has its text always."""
    name = "output_modalities" if fields.given("output_modalities") else "modalities"
    given = fields.texts(name, (now,))
    if not given or not set(given) <= {"audio", "text"}:
        raise fields.wrong(name, 'is either ["audio"] or ["text"]')
    return "audio" if "audio" in given else "text"


def _max_tokens(fields: Fields, now: MaxTokens) -> MaxTokens:
    if not fields.given("max_output_tokens"):
        return now
    if fields.anything("max_output_tokens", "inf") == "inf":
        return "inf"
    return fields.whole("max_output_tokens", 1, 1, 4096)


def _metadata(fields: Fields) -> dict[str, str] | None:
    if not fields.given("metadata") or fields.is_null("metadata"):
        return None
    given = fields.group("metadata").values
    fits = all(isinstance(text, str) and len(text) <= _LONGEST_VALUE for text in given.values())
    if not fits or len(given) > _MOST_METADATA or any(len(key) > _LONGEST_KEY for key in given):
        raise fields.wrong("metadata", "has at most 16 entries, keys of 64 and string values of 512 characters")
    return given


def _greeting(vox: Fields, now: Greeting | None) -> Greeting | None:
    if not vox.given("greeting"):
        return now
    if vox.is_null("greeting"):
        return None
    if isinstance(vox.anything("greeting", None), str):
        return Greeting(text=vox.text("greeting", None))
    given = vox.group("greeting")
    return Greeting(text=given.text("text", None), prompt=given.text("prompt", None))


def _refuse_prompt(fields: Fields) -> None:
    if fields.given("prompt") and not fields.is_null("prompt"):
        raise fields.wrong("prompt", "names a prompt that is stored at OpenAI; give its text as instructions")
