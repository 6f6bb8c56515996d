"""What was said, as an agent is told of it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Op", "Transcription"]

Op: TypeAlias = Literal["submit", "newline"]
"""What to do behind the text."""


@dataclass(frozen=True, slots=True)
class Transcription:
    """One utterance, or what it seems to be so far."""

    id: str
    """UUID."""
    text: str
    """May be empty where there is an op."""
    language: str | None = None
    """As the model names it, BCP 47; None where nobody knows."""
    confidence: float | None = None
    """0 to 1, of the recognition."""
    partial: bool = False
    """Whether the end of it may change."""
    ops: tuple[Op, ...] = ()
    """In this order; none for a partial."""
    trigger: str | None = None
    """The words that asked for the op, as they were said."""
    op_confidence: float | None = None
    """How sure the op is, 0 to 1."""
    trace_id: str | None = None
    """UUID of the message it was made of, together with:"""
    parent_id: str | None = None
    """UUID of the one before it."""
