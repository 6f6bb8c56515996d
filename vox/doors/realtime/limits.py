"""How long a session may last: in all, and without anything happening in it.

OpenAI ends a session after an hour; before it, `expires_at` of the session says when. Here a warning comes as well, a
minute ahead: the session once more, as it is after an update, which every client understands.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["WARNING_S", "Ending", "Life"]

WARNING_S = 60.0
"""Seconds between the warning and the end; a tenth of a session that is shorter than ten minutes."""

_SHORT = 0.1

Ending = Literal["call", "idle"]
"""Which of the two limits ended a session."""


@dataclass(slots=True)
class Life:
    """The clock of one session.

    Args:
        call_s: Seconds it may last.
        idle_s: Seconds without anything happening; None for any number.
        warn: Called once, before the end of the first.
    """

    call_s: float
    idle_s: float | None
    warn: Callable[[], None]
    _happened: float = 0.0

    def happens(self) -> None:
        """Something that is not silence went in or came out."""
        self._happened = asyncio.get_running_loop().time()

    async def end(self) -> Ending:
        """Wait for the end."""
        loop = asyncio.get_running_loop()
        started = self._happened = loop.time()
        warning = started + self.call_s - min(WARNING_S, self.call_s * _SHORT)
        until = started + self.call_s
        warned = False
        while (now := loop.time()) < until:
            if not warned and now >= warning:
                warned = True
                self.warn()
            if self.idle_s is not None and now - self._happened >= self.idle_s:
                return "idle"
            next_look = until if warned else warning
            if self.idle_s is not None:
                next_look = min(next_look, self._happened + self.idle_s)
            await asyncio.sleep(next_look - now)
        return "call"
