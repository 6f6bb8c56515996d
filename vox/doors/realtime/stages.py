"""Where the time goes between the end of what somebody says and the first sound of the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Stages", "TurnTimes"]


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """When a turn of the user came how far, on the clock of `Services`; for telling where time goes."""

    speech_end: float
    """The last sound of speech, as far as that can be told from when its audio came."""
    stopped: float
    """Its end was decided on."""
    transcribed: float
    """Its text was there."""


class Stages:
    """How long each stage of one answer took.

    Args:
        turn: The turn of the user that it answers; None where a client asked for the response, which then is where
            counting begins.
    """

    def __init__(self, clock: Callable[[], float], turn: TurnTimes | None) -> None:
        self._clock, self._turn = clock, turn
        self._begun = clock() if turn is None else turn.transcribed
        self.first_token: float | None = None
        """When the agent's first word or call came, on the clock."""
        self.first_output: float | None = None
        """When the first sound was sent, or the first word of an answer that is only written."""

    def token(self) -> None:
        """The agent has begun to answer."""
        if self.first_token is None:
            self.first_token = self._clock()

    def output(self) -> None:
        """Something of the answer is sent."""
        if self.first_output is None:
            self.first_output = self._clock()

    def shape(self, *, spoken: bool) -> dict[str, Any]:
        """Milliseconds of each stage that there was, in order; `total_ms` is their sum."""
        turn, told = self._turn, dict[str, float]()
        if turn is not None:
            told["turn_detection_ms"] = turn.stopped - turn.speech_end
            told["transcription_ms"] = turn.transcribed - turn.stopped
        if self.first_token is not None:
            told["first_token_ms"] = self.first_token - self._begun
            if spoken and self.first_output is not None:
                told["first_audio_ms"] = self.first_output - self.first_token
        stages = {name: round(seconds * 1000, 1) for name, seconds in told.items()}
        return stages | {"total_ms": round(sum(stages.values()), 1)}
