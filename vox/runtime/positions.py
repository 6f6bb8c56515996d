"""Telling waiting calls how far they have come, seldom enough to cost nothing."""

import asyncio
import math
from collections.abc import Callable
from typing import NamedTuple

from vox.runtime.line import Line, Ticket

__all__ = ["EVERY_S", "OnWait", "Positions", "Waiting"]

EVERY_S = 0.34
"""Seconds between two looks at the line: with the last word, that the wait is over, at most four in any second, which
is as much as a person can follow."""


class Waiting(NamedTuple):
    """Where a call stands."""

    position: int
    """1 is served next, 0 has its turn."""
    queued: int
    """How many wait."""
    limit: int
    in_use: int
    retry_after_ms: int
    """How long the wait may still be, as far as recent calls tell."""


OnWait = Callable[[Waiting], None]
"""Told where a waiting call stands; must not block."""


class Positions:
    """Tells those who asked for it when their place in the line has changed. Nothing runs while nobody asks.

    Args:
        line: Which is walked through once for all of them.
        describe: The facts that go with a ticket's place.
    """

    def __init__(self, line: Line, describe: Callable[[Ticket, int], Waiting]) -> None:
        self._line, self._describe = line, describe
        self._watchers: dict[Ticket, tuple[OnWait, int]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_look = -math.inf  # by the loop's clock

    def watch(self, ticket: Ticket, tell: OnWait) -> None:
        """Tell where this ticket stands, soon and whenever it has moved on, until `forget`."""
        self._watchers[ticket] = tell, 0
        self._set()

    def forget(self, ticket: Ticket, *, let_in: bool) -> None:
        """It waits no longer. If it was let in, and was told of its wait, it is told of its end too."""
        tell, told = self._watchers.pop(ticket)
        if not self._watchers and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if told and let_in:
            tell(self._describe(ticket, 0))

    def _set(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._next_look, loop.time()), self._look)

    def _look(self) -> None:
        self._timer, self._next_look = None, asyncio.get_running_loop().time() + EVERY_S
        for position, ticket in enumerate(self._line, 1):
            tell, told = self._watchers.get(ticket, (None, 0))
            if tell is not None and told != position:
                self._watchers[ticket] = tell, position
                tell(self._describe(ticket, position))
        if self._watchers:
            self._set()
