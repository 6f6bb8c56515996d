"""When a provider that keeps crashing may be started again. It heals: no number of crashes is final."""

from collections.abc import Callable

__all__ = ["Backoff"]

FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 60.0
EARLY_S = 10.0  # an end sooner than this after the start is the program's fault, not bad luck
HEALED_S = 60.0  # of healthy life, after which the past is forgotten


class Backoff:
    """Counts early ends and says how long to wait: 0.25 s, doubling to 60 s.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._not_before = 0.0

    def remaining_s(self) -> float:
        """Seconds until the next start is allowed; 0 when it is allowed now."""
        return max(0.0, self._not_before - self._clock())

    def ended(self, lived_s: float) -> None:
        """The provider ended by itself after `lived_s` seconds."""
        if lived_s >= HEALED_S:
            self._failures = 0
        if lived_s < EARLY_S:
            delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2**self._failures)
            self._failures = min(self._failures + 1, 16)
            self._not_before = self._clock() + delay

    def reset(self) -> None:
        """Forget the past: the configuration changed, or the user asked for a restart."""
        self._failures = 0
        self._not_before = 0.0
