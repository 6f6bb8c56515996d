"""How the turns of the user are found: the client's words for it, and what they come to."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from vox.doors.realtime.fields import Fields

__all__ = ["TurnDetection"]

Eagerness: TypeAlias = Literal["low", "medium", "high", "auto"]

_SILENCE_MS = {"low": 900, "medium": 600, "auto": 600, "high": 350}
"""The silence that ends a turn for each eagerness, as long as no model judges what was said. OpenAI's model waits up to
8, 4 and 2 seconds when a sentence seems unfinished; silence alone must be quicker to be usable at all."""

_MOST_MS = 10_000  # of padding or silence: more is no conversation


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """What ends a turn, and what follows from it."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: int | None = None
    eagerness: Eagerness = "auto"

    @property
    def silence_ms(self) -> int:
        """The silence that ends a turn."""
        return self.silence_duration_ms if self.type == "server_vad" else _SILENCE_MS[self.eagerness]

    @property
    def idle_ms(self) -> int | None:
        """The silence after a response that is answered by itself; only `server_vad` has it."""
        return self.idle_timeout_ms if self.type == "server_vad" else None

    def merged(self, fields: Fields) -> "TurnDetection":
        """With what an update names.

        Raises:
            EventError: A value cannot be used.
        """
        idle = fields.whole("idle_timeout_ms", None, 5000, 30_000)
        return TurnDetection(
            type=fields.choice("type", self.type, ("server_vad", "semantic_vad")),
            threshold=fields.number("threshold", self.threshold, 0, 1),
            prefix_padding_ms=fields.whole("prefix_padding_ms", self.prefix_padding_ms, 0, _MOST_MS),
            silence_duration_ms=fields.whole("silence_duration_ms", self.silence_duration_ms, 0, _MOST_MS),
            create_response=fields.flag("create_response", self.create_response),
            interrupt_response=fields.flag("interrupt_response", self.interrupt_response),
            idle_timeout_ms=idle if fields.given("idle_timeout_ms") else self.idle_timeout_ms,
            eagerness=fields.choice("eagerness", self.eagerness, ("low", "medium", "high", "auto")),
        )

    def shape(self) -> dict[str, Any]:
        """In GA shape."""
        flags = {"create_response": self.create_response, "interrupt_response": self.interrupt_response}
        if self.type == "semantic_vad":
            return {"type": self.type, "eagerness": self.eagerness, **flags}
        return {
            "type": self.type,
            "threshold": self.threshold,
            "prefix_padding_ms": self.prefix_padding_ms,
            "silence_duration_ms": self.silence_duration_ms,
            "idle_timeout_ms": self.idle_timeout_ms,
            **flags,
        }
