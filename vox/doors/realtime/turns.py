"""Where the user's turns begin and end, decided from how likely each moment holds speech. Plain numbers, no sound."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Boundary", "TurnRules", "Turns"]

Boundary: TypeAlias = Literal["started", "stopped"]

_HYSTERESIS = 0.15  # how far below the threshold a moment must fall to be silence
_MIN_SPEECH_S = 0.1  # less is a click or a cough
_FORGET_S = 0.3  # of silence after which what did not become certain was nothing
_CERTAIN, _ABOVE = 0.7, 0.2  # noise and hum stay below the first, or below the threshold and the second
_LOWEST, _HIGHEST = 0.16, 0.95  # of a threshold: beyond, everything is speech, or nothing


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What counts as speech, and how much silence ends a turn."""

    threshold: float = 0.5
    """Probability from which on it may be speech."""
    silence_s: float = 0.5
    longest_s: float = 600.0
    """A turn is over after so long, silence or not."""


class Turns:
    """Decides frame by frame.

    Args:
        frame_s: Seconds of a frame.
    """

    def __init__(self, rules: TurnRules, frame_s: float) -> None:
        self._frame_s = frame_s
        self.seen = 0
        """Frames until now."""
        self.speaking = False
        """Whether a turn has started and not stopped."""
        self._first: int | None = None  # of what may be speech
        self._last = self._voiced = 0
        self._top = 0.0
        self.configure(rules)

    def configure(self, rules: TurnRules) -> None:
        """Go by other rules from the next frame on."""
        self._threshold = min(max(rules.threshold, _LOWEST), _HIGHEST)
        self._certain = max(self._threshold, min(_CERTAIN, self._threshold + _ABOVE))
        self._silence = max(1, round(rules.silence_s / self._frame_s))
        self._longest = round(rules.longest_s / self._frame_s)
        self._least, self._forget = round(_MIN_SPEECH_S / self._frame_s), round(_FORGET_S / self._frame_s)

    @property
    def first(self) -> int:
        """The frame with which the turn begins, or what may become one; the next frame when there is neither."""
        return self.seen if self._first is None else self._first

    @property
    def last(self) -> int:
        """One past the newest frame of speech in it."""
        return self._last

    def step(self, chance: float) -> Boundary | None:
        """Take the next frame in."""
        at, self.seen = self.seen, self.seen + 1
        is_speech = chance >= (self._threshold if self._first is None else self._threshold - _HYSTERESIS)
        if is_speech:
            self._first = at if self._first is None else self._first
            self._last = self.seen
        if self._first is None:
            return None
        self._voiced += chance >= self._threshold
        self._top = max(self._top, chance)
        return self._speaking() if self.speaking else self._maybe()

    def drop(self) -> None:
        """Forget the turn that is under way, or may be."""
        self.speaking, self._first, self._voiced, self._top = False, None, 0, 0.0

    def _speaking(self) -> Boundary | None:
        if self.seen - self._last < self._silence and self.seen - self.first < self._longest:
            return None
        # Where the turn began is still asked for, so only the next frame forgets it.
        self.speaking = False
        return "stopped"

    def _maybe(self) -> Boundary | None:
        if self._voiced >= self._least and self._top >= self._certain:
            self.speaking = True
            return "started"
        if self.seen - self._last >= self._forget:
            self.drop()
        return None
