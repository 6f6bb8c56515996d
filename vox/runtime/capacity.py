"""Who may be inside a provider, and who waits: limits, a bounded queue, and honest refusals.

A `Limiter` belongs to one provider. Its limit bounds all calls inside, and each model may have a limit of its own.
A call that finds no room takes a `Ticket` and waits in line; the line is bounded in length and each wait in time. The
order of the line is a `Line`, so that fairness between clients is a matter of that one class.

Counters and a deque instead of library semaphores: this is on the path of every call, and those cost as much as the
pipe to the provider.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from vox.errors import ProviderBusy, QueueTimeout

__all__ = ["FirstComeLine", "Limiter", "Line", "Permit", "Snapshot", "Ticket"]

_SMOOTHING = 0.3  # weight of the newest call in the average service time: a handful of calls settle it
_UNKNOWN_SERVICE_S = 1.0  # assumed before the first call has finished


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A limiter at one moment."""

    limit: int
    in_use: int
    queued: int
    oldest_wait_ms: int
    service_ms: int | None
    """Average time a call was inside lately; None before the first."""


class Ticket:
    """A waiting call."""

    __slots__ = ("client", "cost", "granted", "model", "since")

    def __init__(self, model: str, client: str, cost: float, since: float) -> None:
        self.model = model
        self.client = client
        self.cost = cost
        """Work it stands for: seconds of audio, or characters."""
        self.since = since
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Line(Protocol):
    """The order in which tickets are served."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Ticket]: ...

    def push(self, ticket: Ticket) -> None:
        """A call begins to wait."""
        ...

    def pop(self, fits: Callable[[Ticket], bool]) -> Ticket | None:
        """Take out the next ticket that fits; None when none does."""
        ...

    def remove(self, ticket: Ticket) -> None:
        """A waiting call gave up."""
        ...


class FirstComeLine:
    """First come, first served; one that does not fit yet is passed by those behind it that do."""

    def __init__(self) -> None:
        self._tickets: deque[Ticket] = deque()

    def __len__(self) -> int:
        return len(self._tickets)

    def __iter__(self) -> Iterator[Ticket]:
        return iter(self._tickets)

    def push(self, ticket: Ticket) -> None:
        self._tickets.append(ticket)

    def pop(self, fits: Callable[[Ticket], bool]) -> Ticket | None:
        for ticket in self._tickets:
            if fits(ticket):
                self._tickets.remove(ticket)
                return ticket
        return None

    def remove(self, ticket: Ticket) -> None:
        self._tickets.remove(ticket)


class Permit:
    """The right to be inside. `release` may be called more than once; only the first counts."""

    __slots__ = ("_limiter", "_model", "_since", "on_release")

    def __init__(self, limiter: "Limiter", model: str, since: float) -> None:
        self._limiter: Limiter | None = limiter
        self._model = model
        self._since = since
        self.on_release: Callable[[], object] | None = None
        """Told when it is released."""

    @property
    def released(self) -> bool:
        """Whether it is given back."""
        return self._limiter is None

    def release(self) -> None:
        """Leave; the next in line enters."""
        limiter = self._limiter
        if limiter is not None:
            self._limiter = None
            limiter.leave(self._model, self._since)
            if self.on_release is not None:
                self.on_release()


class Limiter:
    """Capacity of one provider.

    Args:
        provider: Its id, for messages.
        limit: Calls inside at once.
        model_limits: Limits of single models, below or equal to `limit`.
        queue_max: Calls that may wait; 0 refuses at once.
        queue_s: Seconds a call may wait.
    """

    def __init__(
        self,
        provider: str,
        limit: int,
        *,
        model_limits: dict[str, int] | None = None,
        queue_max: int = 32,
        queue_s: float = 30.0,
        line: Line | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.provider = provider
        self.limit = limit
        self.model_limits = model_limits or {}
        self._queue_max, self._queue_s = queue_max, queue_s
        self._line: Line = line if line is not None else FirstComeLine()
        self._clock = clock
        self._queued = 0  # the line's length; every call asks for it
        self._in_use = 0
        self._per_model: dict[str, int] = {}
        self._service_s: dict[str, float] = {}

    def limit_of(self, model: str) -> int:
        """Calls of one model inside at once."""
        return min(self.limit, self.model_limits.get(model, self.limit))

    async def enter(
        self, model: str, *, client: str = "", cost: float = 1.0, max_wait_s: float | None = None
    ) -> Permit:
        """Wait for room and take it.

        Args:
            client: Who asks; a label, used to be fair.
            cost: Work the call stands for, in seconds of audio or characters.
            max_wait_s: Wait no longer than this; never longer than the queue's own time.

        Raises:
            ProviderBusy: The line is full, or `max_wait_s` is 0 and there is no room.
            QueueTimeout: No room in time.
        """
        permit = self.enter_now(model)
        if permit is not None:
            return permit
        wait_s = self._queue_s if max_wait_s is None else min(max_wait_s, self._queue_s)
        if len(self._line) >= self._queue_max or wait_s <= 0:
            raise ProviderBusy(
                f"Provider {self.provider} is at capacity (limit {self.limit_of(model)}, {len(self._line)} waiting).",
                **self._facts(model),
            )
        ticket = Ticket(model, client, cost, self._clock())
        self._line.push(ticket)
        self._queued += 1
        self._advance()  # the line may hold only tickets of other models that do not fit
        return await self._wait(ticket, wait_s)

    def enter_now(self, model: str) -> Permit | None:
        """Take room that is free; None when there is none, or when others are first."""
        if self._queued or self._in_use >= self.limit or (self.model_limits and not self._fits(model)):
            return None
        self._in_use += 1
        self._per_model[model] = self._per_model.get(model, 0) + 1
        return Permit(self, model, self._clock())

    def leave(self, model: str, since: float) -> None:
        """A permit was released."""
        self._in_use -= 1
        self._per_model[model] -= 1
        took = self._clock() - since
        known = self._service_s.get(model, took)
        self._service_s[model] = known + _SMOOTHING * (took - known)
        if self._queued:
            self._advance()

    def snapshot(self) -> Snapshot:
        """The figures of this moment."""
        now = self._clock()
        oldest = max((now - ticket.since for ticket in self._line), default=0.0)
        service = max(self._service_s.values(), default=None)
        return Snapshot(
            self.limit,
            self._in_use,
            len(self._line),
            round(oldest * 1000),
            None if service is None else round(service * 1000),
        )

    def retry_after_ms(self, model: str) -> int:
        """When it is worth asking again: the measured service time times the rounds until a place is free."""
        service = self._service_s.get(model, _UNKNOWN_SERVICE_S)
        rounds = math.ceil((len(self._line) + 1) / self.limit_of(model))
        return max(1, round(service * rounds * 1000))

    async def _wait(self, ticket: Ticket, wait_s: float) -> Permit:
        timer = asyncio.get_running_loop().call_later(wait_s, self._expire, ticket)
        try:
            await ticket.granted
        except asyncio.CancelledError:
            self._abandon(ticket)
            raise
        finally:
            timer.cancel()
        return Permit(self, ticket.model, self._clock())

    def _expire(self, ticket: Ticket) -> None:
        if ticket.granted.done():
            return
        self._take_out(ticket)
        waited = round((self._clock() - ticket.since) * 1000)
        ticket.granted.set_exception(
            QueueTimeout(
                f"Provider {self.provider} had no room within {waited} ms (limit {self.limit_of(ticket.model)}).",
                waitedMs=waited,
                **self._facts(ticket.model),
            )
        )

    def _abandon(self, ticket: Ticket) -> None:
        """The waiting task was cancelled, perhaps in the very moment it was let in."""
        if not ticket.granted.done() or ticket.granted.cancelled():
            if ticket in self._line:
                self._take_out(ticket)
        elif ticket.granted.exception() is None:
            Permit(self, ticket.model, self._clock()).release()

    def _advance(self) -> None:
        while self._queued and self._in_use < self.limit:
            ticket = self._line.pop(lambda waiting: self._fits(waiting.model))
            if ticket is None:
                return
            self._queued -= 1
            if not ticket.granted.done():
                self._in_use += 1
                self._per_model[ticket.model] = self._per_model.get(ticket.model, 0) + 1
                ticket.granted.set_result(None)

    def _take_out(self, ticket: Ticket) -> None:
        self._line.remove(ticket)
        self._queued -= 1

    def _fits(self, model: str) -> bool:
        return self._in_use < self.limit and self._per_model.get(model, 0) < self.limit_of(model)

    def _facts(self, model: str) -> dict[str, object]:
        return {
            "provider": self.provider,
            "modelId": model,
            "limit": self.limit_of(model),
            "inUse": self._in_use,
            "queued": len(self._line),
            "retryAfterMs": self.retry_after_ms(model),
        }
