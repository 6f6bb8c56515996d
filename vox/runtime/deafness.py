"""When the daemon overlooks what its microphone hears, because a program of this machine plays sound."""

import asyncio
from collections.abc import Callable
from time import monotonic

__all__ = ["MOST_S", "TAIL_S", "Deafness"]

MOST_S = 5.0
"""Seconds for which a program may ask at once. One that plays asks again; one that has crashed is forgotten."""

TAIL_S = 0.3
"""Seconds for which sound is heard after its end: a loudspeaker is late and a room echoes."""


class Deafness:
    """Until when nothing is to be heard.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._watchers: list[Callable[[], object]] = []
        self._end: asyncio.TimerHandle | None = None

    @property
    def lasts(self) -> bool:
        """Whether nothing is to be heard now."""
        return self._remains_s > 0

    def deafen(self, who: str, seconds: float) -> None:
        """Hear nothing for so long, because somebody plays sound; that takes the place of what was asked before.

        Args:
            who: Several may play at once: nothing is heard until the last has ended.
            seconds: To `MOST_S`; 0 is the end of the sound, behind which `TAIL_S` are left.
        """
        now = self._clock()
        self._until = {one: until for one, until in self._until.items() if until > now}
        if seconds:
            self._until[who] = now + min(seconds, MOST_S)
        elif who in self._until:
            self._until[who] = min(self._until[who], now + TAIL_S)
        self._look_again()

    def watch(self, changed: Callable[[], object]) -> None:
        """Have something called whenever this may have begun or ended."""
        self._watchers.append(changed)

    @property
    def _remains_s(self) -> float:
        return max(self._until.values(), default=0.0) - self._clock()

    def _look_again(self) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(self._remains_s, self._look_again) if self.lasts else None
        for changed in self._watchers:
            changed()
