"""`realtime` of config.json: what spoken conversations at `/v1/realtime` are like before a client says otherwise.

The environment names are those of vowel engine, whose settings they were, and are stronger than the file. Each stands
for the field that `_VARIABLES` names.
"""

import os
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from vox.config.described import Described

__all__ = [
    "DEFAULT_PHRASES",
    "AcknowledgementSettings",
    "MemorySettings",
    "RealtimeSettings",
    "TurnSettings",
    "TypingSoundSettings",
    "realtime_variables_set",
]

DEFAULT_PHRASES = ("okay", "give me a moment", "working on that", "let me check", "one second")
"""What is said while the answer is thought of; the published five."""

_Phrase: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class AcknowledgementSettings(Described, BaseModel):
    """A few words when the answer takes its time."""

    enabled: bool = True
    """Say them."""
    delay_ms: int = Field(default=300, ge=0, le=60_000)
    """Milliseconds without a sound of the answer after which one is said."""
    phrases: Annotated[list[_Phrase], Field(min_length=1, max_length=100)] = list(DEFAULT_PHRASES)
    """Of which one is taken by chance, never the same twice running."""


class TypingSoundSettings(Described, BaseModel):
    """The clicks of keys from an acknowledgement to the first sound of the answer."""

    enabled: bool = False
    """Play them."""
    volume: float = Field(default=0.3, ge=0, le=1)
    """From 0, nothing, to 1."""
    loop_duration_ms: int = Field(default=2000, ge=100, le=60_000)
    """Milliseconds after which the sound repeats itself."""


class TurnSettings(Described, BaseModel):
    """How the end of what somebody says is found, where the client does not say."""

    enabled: bool = True
    """Find it; otherwise the client tells by `input_audio_buffer.commit`."""
    threshold: float = Field(default=0.5, ge=0, le=1)
    """How sure to be that it is speech, from 0 to 1."""
    prefix_padding_ms: int = Field(default=300, ge=0, le=5000)
    """Milliseconds of sound kept from before the first speech."""
    silence_duration_ms: int = Field(default=500, ge=50, le=10_000)
    """Milliseconds of silence that end a turn; half of what a user waits for."""


class MemorySettings(Described, BaseModel):
    """What of a long conversation the language model is shown."""

    max_messages: int = Field(default=200, ge=1)
    """The latest messages, at most so many."""
    max_tokens: int = Field(default=16_000, ge=100)
    """The latest messages, at most about so many tokens together."""
    summarize: bool = False
    """Have the language model write summaries of what is left out, while nobody waits for it."""


class RealtimeSettings(Described, BaseModel):
    """Spoken conversations at `/v1/realtime`."""

    acknowledgement: AcknowledgementSettings = AcknowledgementSettings()
    """A few words when the answer takes its time."""
    typing_sound: TypingSoundSettings = TypingSoundSettings()
    """The clicks of keys after such words."""
    turn_detection: TurnSettings = TurnSettings()
    """How the end of what somebody says is found, where the client does not say."""
    memory: MemorySettings = MemorySettings()
    """What of a long conversation the language model is shown."""
    agent: Literal["llm", "echo"] = "llm"
    """Who answers: `llm`, the language model of `llm`; `echo` repeats what was said, to try a set-up."""
    instructions: str = "You are a helpful voice assistant. Answer in short, spoken sentences, without any markup."
    """What the language model is told first, where the client gives no `instructions`."""
    greeting: str | None = Field(default=None, min_length=1, max_length=2000)
    """Text that every conversation begins with, spoken. None waits for the user."""
    max_call_duration_ms: int = Field(default=3_600_000, ge=1000)
    """Milliseconds after which a session ends, with a warning before it. OpenAI's hour."""
    max_idle_duration_ms: int | None = Field(default=None, ge=1000)
    """Milliseconds without a word and without an event of the client after which a session ends; None never."""
    secret_seconds: int = Field(default=300, ge=10, le=7200)
    """Seconds an `ek_` secret opens sessions for, where who asks for it does not say."""
    max_sessions: int = Field(default=32, ge=1, le=1000)
    """Sessions at the same time."""
    requests_per_minute: int | None = Field(default=600, ge=1)
    """Sessions opened, secrets made and responses asked for with one key in a minute; None for any number."""
    strict_model: bool = False
    """Refuse a session whose `model` nobody here has heard of; otherwise it is served by the default models."""
    query_key: bool = False
    """Take the key as `?api_key=` too, for clients that can send it in no other way. Addresses end up in logs."""

    def with_environment(self, environment: Mapping[str, str] | None = None) -> "RealtimeSettings":
        """These settings with the variables of `_VARIABLES` applied; an empty one counts as none.

        Raises:
            pydantic.ValidationError: A variable holds what the setting cannot be.
        """
        source = os.environ if environment is None else environment
        fields: dict[str, Any] = self.model_dump(exclude_unset=True)
        given = {place: source[name].strip() for name, place in _VARIABLES.items() if source.get(name, "").strip()}
        for place, text in given.items():
            _put(fields, place, _READ.get(place, str)(text))
        if source.get("USE_MODULAR_AGENTS", "").strip().lower() in _NO:
            fields["agent"] = "llm"
        return RealtimeSettings.model_validate(fields)


def realtime_variables_set(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that variables decide, by their names in Python with dots between, and the variable of each."""
    given = {".".join(place): name for name, place in _VARIABLES.items() if environment.get(name, "").strip()}
    whole = environment.get("USE_MODULAR_AGENTS", "").strip().lower() in _NO
    return given | ({"agent": "USE_MODULAR_AGENTS"} if whole else {})


def _put(fields: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    *groups, last = place
    for group in groups:
        fields = fields.setdefault(group, {})
    fields[last] = value


def _phrases(text: str) -> list[str]:
    return [phrase.strip() for phrase in text.split(",") if phrase.strip()]


def _agent(text: str) -> str:
    """The published kinds of agent both ask a language model; they differ in the library they do it with."""
    return "llm" if text in ("custom", "vercel-sdk") else text


_VARIABLES: dict[str, tuple[str, ...]] = {
    "ACKNOWLEDGEMENT_ENABLED": ("acknowledgement", "enabled"),
    "ACKNOWLEDGEMENT_DELAY_MS": ("acknowledgement", "delay_ms"),
    "ACKNOWLEDGEMENT_PHRASES": ("acknowledgement", "phrases"),
    "TYPING_SOUND_ENABLED": ("typing_sound", "enabled"),
    "TYPING_SOUND_VOLUME": ("typing_sound", "volume"),
    "TYPING_SOUND_LOOP_DURATION_MS": ("typing_sound", "loop_duration_ms"),
    "VAD_ENABLED": ("turn_detection", "enabled"),
    "VAD_THRESHOLD": ("turn_detection", "threshold"),
    "VAD_SPEECH_PAD_MS": ("turn_detection", "prefix_padding_ms"),
    "VAD_MIN_SILENCE_MS": ("turn_detection", "silence_duration_ms"),
    "MAX_CALL_DURATION_MS": ("max_call_duration_ms",),
    "MAX_IDLE_DURATION_MS": ("max_idle_duration_ms",),
    "DEFAULT_AGENT_TYPE": ("agent",),
}

_READ: dict[tuple[str, ...], Callable[[str], Any]] = {
    ("acknowledgement", "phrases"): _phrases,
    ("agent",): _agent,
}
"""Fields whose variable is written in another way than they are."""

_NO = {"0", "false", "no", "off"}
