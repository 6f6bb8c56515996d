"""A waiting call, and what a limiter needs of the order in which waiting calls are served."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from vox.types import Priority

__all__ = ["Fits", "Line", "Ticket"]

Fits = Callable[[str], bool]
"""Whether there is room for a call of that model just now."""


class Ticket:
    """A waiting call.

    Args:
        model: What it wants to use.
        client: Who asks; a label.
        cost: Work it stands for: seconds of audio, or characters.
        priority: Its class.
        since: When it began to wait, by the line's clock.
        granted: Set when it is let in.
    """

    __slots__ = ("client", "cost", "granted", "model", "number", "priority", "since")

    def __init__(
        self,
        model: str,
        client: str,
        cost: float,
        priority: Priority,
        since: float,
        granted: "asyncio.Future[Any]",
    ) -> None:
        self.model, self.client, self.cost, self.priority, self.since = model, client, cost, priority, since
        self.granted = granted
        self.number = 0
        """Order of arrival; the line sets it."""


class Line(Protocol):
    """The order in which tickets are served."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Ticket]:
        """The tickets in the order in which they would be served if every model had room."""
        ...

    def push(self, ticket: Ticket) -> None:
        """A call begins to wait."""
        ...

    def push_first(self, ticket: Ticket) -> None:
        """A call that was let in already has to wait again, before all others."""
        ...

    def pop(self, fits: Fits) -> Ticket | None:
        """Take out the next ticket that fits; None when none does."""
        ...

    def remove(self, ticket: Ticket) -> bool:
        """A waiting call gave up. False when it is not in the line any more."""
        ...

    def oldest(self) -> float | None:
        """Since when the ticket that has waited longest waits; None when the line is empty."""
        ...
