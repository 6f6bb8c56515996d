"""How a check ends: the three ways out of it, and what is kept of it."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Failed", "NotOffered", "NotRun", "Outcome", "Result", "Warned"]

Outcome = Literal["pass", "warning", "not offered", "fail", "not run"]
"""`warning`: Vox copes, but it is better mended. `not run`: not asked for, or a check it builds on has failed."""


class _Ending(Exception):
    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


class Failed(_Ending):
    """The provider breaks the protocol.

    Args:
        message: What was expected and what came.
        mend: What to do about it, where that is not what the check says anyhow.
    """


class Warned(_Ending):
    """Vox copes with it, but it is not what the protocol asks for."""


class NotRun(_Ending):
    """Nobody asked for a check that has effects beyond the provider's process."""


class NotOffered(_Ending):
    """The provider does not offer what is checked, and need not."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check."""

    id: str
    title: str
    rule: str
    """The MUST, or the feature, it stands for."""
    outcome: Outcome
    message: str = ""
    """Empty when it passed and there is nothing to say."""
    mend: str = ""
    seconds: float = 0.0
    sent: list[str] = field(default_factory=list[str])
    """The last requests of the check, long values shortened; empty when it passed."""
    received: list[str] = field(default_factory=list[str])
    """The last lines that came, likewise."""
