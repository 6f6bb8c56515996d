"""Who may be inside a provider, and who waits: limits, a bounded queue, and honest refusals.

A `Limiter` belongs to one provider, whose processes are its rooms. The limits hold for each room: one for all calls
inside, and each model may have one of its own. A call that finds no room takes a `Ticket` and waits in line; there is
one line for all rooms, bounded in length, and each wait is bounded in time.

Counters and deques instead of library semaphores: this is on the path of every call, and those cost as much as the
pipe to the provider.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

from vox.errors import ProviderBusy, QueueTimeout
from vox.runtime.fairness import FairLine
from vox.runtime.line import Line, Ticket
from vox.runtime.positions import OnWait, Positions, Waiting
from vox.types import Priority

__all__ = ["Limiter", "Permit", "Room", "Snapshot"]

_SMOOTHING = 0.3  # weight of the newest call in the average service time: a handful of calls settle it
_UNKNOWN_SERVICE_S = 1.0  # assumed before the first call has been answered


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A limiter at one moment."""

    limit: int
    """Calls that may be inside, all rooms together."""
    in_use: int
    queued: int
    oldest_wait_ms: int
    service_ms: int | None
    """Average time an answered call was inside lately; None before the first."""


class Room:
    """What is inside one process of a provider."""

    __slots__ = ("in_use", "number", "per_model", "rest")

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.in_use = 0
        self.per_model: dict[str, int] = {}
        self.rest: asyncio.TimerHandle | None = None
        """Set while the process takes no more calls, by its own word."""

    @property
    def is_opening(self) -> bool:
        """Whether the process is being started, for calls that wait in line."""
        return False


R = TypeVar("R", bound=Room)


class Permit(Generic[R]):
    """The right to be inside. `release` may be called more than once; only the first counts."""

    __slots__ = ("_limiter", "_model", "on_release", "room")

    def __init__(self, limiter: "Limiter[R]", room: R, model: str) -> None:
        self._limiter: Limiter[R] | None = limiter
        self._model = model
        self.room = room
        """Where."""
        self.on_release: Callable[[], object] | None = None
        """Told when it is released, before its place is given away."""

    @property
    def released(self) -> bool:
        """Whether it is given back."""
        return self._limiter is None

    def release(self) -> None:
        """Leave; the next in line enters."""
        limiter = self._limiter
        if limiter is not None:
            self._limiter = None
            if self.on_release is not None:
                self.on_release()
            limiter.leave(self.room, self._model)


class Limiter(Generic[R]):
    """Capacity of one provider.

    Args:
        provider: Its id, for messages.
        rooms: One for each of its processes.
        limit: Calls inside one room at once, of all models that have no limit of their own.
        model_limits: Limits of single models; one may be above `limit`, and is then the limit of the room too.
        queue_max: Calls that may wait; 0 refuses at once.
        queue_s: Seconds a call may wait.
        choose: Which of the rooms that have room for a call of that model it goes to; None when it is better to wait.
            Not asked when there is only one room.
        line: The order of those who wait.
    """

    def __init__(
        self,
        provider: str,
        rooms: Sequence[R],
        limit: int,
        model_limits: Mapping[str, int] | None = None,
        *,
        queue_max: int = 32,
        queue_s: float = 30.0,
        choose: Callable[[str, list[R]], R | None] | None = None,
        line: Line | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.provider = provider
        self.queue_max, self.queue_s = queue_max, queue_s
        self._clock = clock
        self._line: Line = line if line is not None else FairLine(clock)
        self._queued = 0  # the line's length; every call asks for it
        self._positions = Positions(self._line, self._waiting)
        self._service_s: dict[str, float] = {}
        self._choose = choose or _emptiest
        self._take_over(rooms)
        self.set_limits(limit, model_limits or {})

    # ---- limits

    def set_limits(self, limit: int, model_limits: Mapping[str, int]) -> None:
        """Other limits hold from now on. Those who are inside may stay."""
        self._base, self._model_limits = limit, dict(model_limits)
        self.limit = max(limit, *self._model_limits.values()) if self._model_limits else limit
        """Calls inside one room at once."""

    def limit_of(self, model: str) -> int:
        """Calls of one model inside one room at once."""
        return self._model_limits.get(model, self._base)

    # ---- entering

    def enter_now(self, model: str) -> Permit[R] | None:
        """Take room that is free; None when there is none, or when others are first."""
        if self._queued:
            return None
        room = self._only
        if room is None:
            room = self._find(model)
            if room is None:
                return None
        elif room.in_use >= self.limit or room.rest or (self._model_limits and not self._has_room(room, model)):
            return None
        room.in_use += 1
        room.per_model[model] = room.per_model.get(model, 0) + 1
        return Permit(self, room, model)

    async def enter(
        self,
        model: str,
        *,
        client: str = "",
        cost: float = 1.0,
        priority: Priority = "interactive",
        max_wait_s: float | None = None,
        on_wait: OnWait | None = None,
        again_since: float | None = None,
    ) -> Permit[R]:
        """Wait for room and take it.

        Args:
            client: Who asks; a label, used to be fair.
            cost: Work the call stands for, in seconds of audio or characters.
            max_wait_s: Wait no longer than this; never longer than the queue's own time.
            on_wait: Told where in the line the call stands.
            again_since: When it began to wait the first time, for a call that was inside and was sent back: it goes
                before all others, and finds its place in the line even if that is full.

        Raises:
            ProviderBusy: The line is full, or `max_wait_s` is 0 and there is no room.
            QueueTimeout: No room in time.
        """
        permit = self.enter_now(model)
        if permit is not None:
            return permit
        wait_s = self.patience_s(max_wait_s)
        if wait_s <= 0 or (self._is_full() and again_since is None):
            raise self._busy(model)
        now = self._clock()
        granted: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        ticket = Ticket(model, client, cost, priority, now if again_since is None else again_since, granted)
        if again_since is None:
            self._line.push(ticket)
        else:
            self._line.push_first(ticket)
        self._queued += 1
        self.advance()  # the line may hold only tickets of other models that do not fit
        return Permit(self, await self._wait(ticket, granted, wait_s, on_wait), model)

    def refuse_if_full(self, model: str, max_wait_s: float | None) -> None:
        """Say at once what `enter` would say, before anything is prepared for the call.

        Raises:
            ProviderBusy: There is no room, and no place in the line.
        """
        has_room = not self._queued and self._find(model) is not None
        if not has_room and (self._is_full() or self.patience_s(max_wait_s) <= 0):
            raise self._busy(model)

    def patience_s(self, max_wait_s: float | None) -> float:
        """Seconds a call may wait that wants to wait no longer than `max_wait_s`."""
        return self.queue_s if max_wait_s is None else min(max_wait_s, self.queue_s)

    def now(self) -> float:
        """The time by which waiting is counted."""
        return self._clock()

    # ---- leaving

    def leave(self, room: R, model: str) -> None:
        """A permit was released."""
        room.in_use -= 1
        room.per_model[model] -= 1
        if room.rest is not None:
            self._reopen(room)
        elif self._queued:
            self.advance()

    def served(self, model: str, seconds: float) -> None:
        """A call was answered after so long inside: what the next ones are told follows from it."""
        known = self._service_s.get(model, seconds)
        self._service_s[model] = known + _SMOOTHING * (seconds - known)

    def rest(self, room: R, seconds: float) -> None:
        """The process behind a room says that it is full: send it nothing for so long, or until a call in it ends."""
        if room.rest is not None:
            room.rest.cancel()
        room.rest = asyncio.get_running_loop().call_later(seconds, self._reopen, room)

    def advance(self) -> None:
        """Let in whoever has room. To be called when there may be more of it than before."""
        while self._queued:
            ticket = self._line.pop(self._fits)
            if ticket is None:
                return
            self._queued -= 1
            if not ticket.granted.done():
                room = self._find(ticket.model)
                assert room is not None  # it fits
                room.in_use += 1
                room.per_model[ticket.model] = room.per_model.get(ticket.model, 0) + 1
                ticket.granted.set_result(room)

    def renew(self, rooms: Sequence[R]) -> None:
        """New processes take over, with all their room free; the calls inside finish in the old ones, and the line
        moves on to the new ones. To be called when the new limits are set."""
        self._take_over(rooms)
        self.advance()

    # ---- telling

    def snapshot(self) -> Snapshot:
        """The figures of this moment."""
        oldest, service = self._line.oldest(), max(self._service_s.values(), default=None)
        return Snapshot(
            self.limit * len(self.rooms),
            self.in_use,
            self._queued,
            0 if oldest is None else round((self._clock() - oldest) * 1000),
            None if service is None else round(service * 1000),
        )

    @property
    def in_use(self) -> int:
        """Calls inside."""
        return sum(room.in_use for room in self.rooms)

    def retry_after_ms(self, model: str, position: int | None = None) -> int:
        """When a call at that place of the line, by default behind the last, may have its turn: the measured service
        time of the model, times the calls before it, by the calls that run at once; and not before a provider takes
        calls again that has said that it is full."""
        service = self._service_s.get(model, _UNKNOWN_SERVICE_S)
        place = self._queued + 1 if position is None else position
        wait_s = max(self._rest_s(), service * place / (self.limit_of(model) * len(self.rooms)))
        return max(1, round(wait_s * 1000))

    # ---- inside

    def _take_over(self, rooms: Sequence[R]) -> None:
        self.rooms = list(rooms)
        self._only = self.rooms[0] if len(self.rooms) == 1 else None

    def _is_full(self) -> bool:
        """Whether the line is: those who wait for a process that is being started take no place of it."""
        opening = sum(self.limit - room.in_use for room in self.rooms if room.is_opening) if self._only is None else 0
        return self._queued >= self.queue_max + opening

    def _find(self, model: str) -> R | None:
        """The room a call of that model goes to now."""
        free = [room for room in self.rooms if room.rest is None and self._has_room(room, model)]
        return free[0] if free and self._only is not None else self._choose(model, free) if free else None

    def _has_room(self, room: R, model: str) -> bool:
        limited = self._model_limits
        return room.in_use < self.limit and (not limited or room.per_model.get(model, 0) < self.limit_of(model))

    def _fits(self, model: str) -> bool:
        return self._find(model) is not None

    def _reopen(self, room: R) -> None:
        if room.rest is not None:
            room.rest.cancel()
            room.rest = None
        self.advance()

    async def _wait(self, ticket: Ticket, granted: "asyncio.Future[R]", wait_s: float, on_wait: OnWait | None) -> R:
        timer = asyncio.get_running_loop().call_later(wait_s, self._expire, ticket)
        if on_wait is not None:
            self._positions.watch(ticket, on_wait)
        let_in = False
        try:
            room = await granted
            let_in = True
            return room
        except asyncio.CancelledError:
            self._abandon(ticket, granted)
            raise
        finally:
            timer.cancel()
            if on_wait is not None:
                self._positions.forget(ticket, let_in=let_in)

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

    def _abandon(self, ticket: Ticket, granted: "asyncio.Future[R]") -> None:
        """The waiting task was cancelled, perhaps in the very moment it was let in."""
        if not granted.done() or granted.cancelled():
            self._take_out(ticket)
        elif granted.exception() is None:
            Permit(self, granted.result(), ticket.model).release()

    def _take_out(self, ticket: Ticket) -> None:
        if self._line.remove(ticket):
            self._queued -= 1

    def _waiting(self, ticket: Ticket, position: int) -> Waiting:
        return Waiting(
            position,
            self._queued,
            self.limit_of(ticket.model) * len(self.rooms),
            self.in_use,
            self.retry_after_ms(ticket.model, position) if position else 0,
        )

    def _busy(self, model: str) -> ProviderBusy:
        facts = self._facts(model)
        why = "has said that it is full" if self._rest_s() else "is at capacity"
        return ProviderBusy(
            f"Provider {self.provider} {why} (limit {facts['limit']}, {self._queued} waiting).", **facts
        )

    def _rest_s(self) -> float:
        """Seconds until one of the rooms takes calls again, when all are at rest."""
        rests = [room.rest for room in self.rooms if room.rest is not None]
        if len(rests) < len(self.rooms):
            return 0.0
        return max(0.0, min(rest.when() for rest in rests) - asyncio.get_running_loop().time())

    def _facts(self, model: str) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "modelId": model,
            "limit": self.limit_of(model) * len(self.rooms),
            "inUse": self.in_use,
            "queued": self._queued,
            "retryAfterMs": self.retry_after_ms(model),
        }


def _emptiest(_: str, rooms: list[R]) -> R:
    return min(rooms, key=lambda room: room.in_use)
