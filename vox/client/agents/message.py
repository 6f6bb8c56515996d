"""What an agent is told, and what is told to one."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

__all__ = ["VERSION", "AgentMessage", "command_of", "message_of", "speech", "transcription"]

VERSION = "1.0"
"""Of OpenVIP."""


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """What was said to an agent, or is to be spoken by it."""

    type: str
    """`transcription`; `speech` for a text that somebody wants this agent to speak."""
    id: str
    text: str
    """May be empty where there are `ops`."""
    ops: tuple[str, ...] = ()
    """What to do behind the text, in this order: `submit`, `newline`."""
    partial: bool = False
    """Whether more of it is to come, and its end may change."""
    language: str | None = None
    confidence: float | None = None
    """Of the recognition, 0 to 1."""
    trigger: str | None = None
    """The words that asked for the ops, as they were said."""
    raw: dict[str, Any] = field(default_factory=dict[str, Any])
    """The message as it came."""

    @property
    def submit(self) -> bool:
        """Whether the turn ends here."""
        return "submit" in self.ops


def message_of(raw: Any) -> AgentMessage | None:
    """The message of a JSON value; None for what is none, or of a kind that this version does not know."""
    if not isinstance(raw, dict):
        return None
    told = cast("dict[str, Any]", raw)
    text, kind = told.get("text"), told.get("type")
    if not isinstance(text, str) or kind not in ("transcription", "speech"):
        return None
    given: Any = told.get("x_input")
    asked = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    ops: Any = asked.get("ops")
    language, confidence, trigger = told.get("language"), told.get("confidence"), asked.get("trigger")
    return AgentMessage(
        type=str(kind),
        id=str(told.get("id", "")),
        text=text,
        ops=tuple(str(op) for op in cast("list[Any]", ops)) if isinstance(ops, list) else (),
        partial=told.get("partial") is True,
        language=language if isinstance(language, str) else None,
        confidence=float(confidence) if isinstance(confidence, int | float) else None,
        trigger=trigger if isinstance(trigger, str) else None,
        raw=told,
    )


def transcription(text: str, ops: Sequence[str] = ()) -> dict[str, Any]:
    """A message that says to an agent what was said."""
    return _signed("transcription", text) | ({"x_input": {"ops": list(ops), "source": "vox"}} if ops else {})


def speech(text: str, **wanted: Any) -> dict[str, Any]:
    """A wish to have a text spoken; what is None is left out."""
    return _signed("speech", text) | {name: value for name, value in wanted.items() if value is not None}


def command_of(command: str) -> dict[str, Any]:
    """A control command."""
    return {"openvip": VERSION, "id": _new_id(), "command": command}


def _signed(kind: str, text: str) -> dict[str, Any]:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
    return {"openvip": VERSION, "type": kind, "id": _new_id(), "timestamp": stamp, "origin": "vox", "text": text}


def _new_id() -> str:
    """A random UUID, without the module that costs more than the rest of this one."""
    digits = bytearray(os.urandom(16))
    digits[6], digits[8] = digits[6] & 0x0F | 0x40, digits[8] & 0x3F | 0x80
    text = digits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
