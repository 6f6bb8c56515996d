"""How responses are made: what a session says of all of its responses, and a client of one."""

from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeAlias

from vox.doors.realtime.fields import LONGEST_NAME, Fields
from vox.doors.realtime.formats import AudioType, read_format
from vox.doors.realtime.tools import ToolChoice, read_tool_choice, read_tools

__all__ = ["Manner", "MaxTokens"]

Modality: TypeAlias = Literal["audio", "text"]
MaxTokens: TypeAlias = int | Literal["inf"]


@dataclass(frozen=True, slots=True)
class Manner:
    """What a session and a response have in common."""

    model: str = "vox"
    """What the client asked for, or what it was given instead; only told."""
    instructions: str = ""
    output_modality: Modality = "audio"
    output_format: AudioType = "audio/pcm"
    voice: str = "default"
    speed: float = 1.0
    tools: tuple[dict[str, Any], ...] = ()
    """Functions in Realtime's flat shape: type, name, description, parameters."""
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool | None = None
    max_output_tokens: MaxTokens = "inf"
    latency_events: bool = False
    """Whether the client asked for Vox's own events on where time goes."""

    def in_manner(self, fields: Fields) -> Self:
        """With what a `session` or a `response` says of the manner. Each reads its own `instructions`, for which null
        means different things, and only a session names a speed.

        Raises:
            EventError: A value cannot be used; `param` names it.
        """
        _refuse_prompt(fields)
        output = fields.group("audio").group("output")
        return replace(
            self,
            output_modality=_modality(fields, self.output_modality),
            output_format=read_format(output, self.output_format),
            voice=_voice(output, self.voice),
            tools=read_tools(fields, self.tools),
            tool_choice=read_tool_choice(fields, self.tool_choice),
            parallel_tool_calls=fields.flag("parallel_tool_calls", self.parallel_tool_calls),
            max_output_tokens=_max_tokens(fields, self.max_output_tokens),
        )


def _refuse_prompt(fields: Fields) -> None:
    if fields.given("prompt") and not fields.is_null("prompt"):
        raise fields.wrong("prompt", "names a prompt that is stored at OpenAI; give its text as instructions")


def _voice(fields: Fields, now: str) -> str:
    """A name, or `{id}` as OpenAI's own custom voices have it."""
    if isinstance(fields.anything("voice", None), dict):
        return fields.group("voice").text("id", now, LONGEST_NAME) or now
    return fields.text("voice", now, LONGEST_NAME) or now


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
