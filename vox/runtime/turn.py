"""A call's way to a permit that is of use: waiting for its turn, having the process behind it started, and going back
to the head of the line when that process turns out to be full, or cannot be started while others run."""

from time import perf_counter_ns

import anyio

from vox.errors import ProviderBusy, ProviderCrashed, ProviderUnavailable, QueueTimeout, VoxError
from vox.runtime.capacity import Permit
from vox.runtime.registry import Provider
from vox.runtime.replicas import Replica
from vox.runtime.requests import Caller
from vox.runtime.telemetry import Stopwatch

__all__ = ["Turn"]

_BUSY_REST_S = 0.5  # what a provider is left in peace for that says it is full, but not for how long
_START_REST_S = 1.0  # before a process that could not be started is tried again for somebody else's sake
_LONGEST_PAUSE_S = 1.0  # of a back-off that is waited out: past it, the program crashes again and again


class Turn:
    """One call on its way.

    Args:
        model: What it wants to use.
        caller: Who asks.
        cost: Work it stands for: seconds of audio, or characters.
        max_wait_s: How long it may wait in all; the entry's queue bounds it too.
        watch: Takes the time of waiting and of starting.
        began: When it was there first, by `perf_counter_ns`.
    """

    __slots__ = ("_began", "_caller", "_cost", "_crashed", "_max_wait_s", "_model", "_provider", "_watch", "attempt")

    def __init__(
        self,
        provider: Provider,
        model: str,
        caller: Caller,
        cost: float,
        max_wait_s: float | None,
        watch: Stopwatch,
        began: int,
    ) -> None:
        self._provider, self._model, self._caller = provider, model, caller
        self._cost, self._max_wait_s, self._watch, self._began = cost, max_wait_s, watch, began
        self._crashed = False
        self.attempt = 1
        """How often it has been let in."""

    async def take(self, permit: Permit[Replica] | None) -> Permit[Replica]:
        """A permit with a running process behind it.

        Args:
            permit: What was to be had without waiting.

        Raises:
            ProviderBusy, QueueTimeout: No room in time.
            ProviderUnavailable: The process cannot be started.
        """
        permit = permit or await self._enter(self._max_wait_s)
        while permit.room.supervisor.running is None:
            try:
                await self._start(permit)
            except ProviderUnavailable as error:
                if not self._provider.replicas.can_spare(permit.room):
                    raise
                permit = await self._enter_again(permit.room, _START_REST_S, error)
        return permit

    async def again(self, permit: Permit[Replica], error: ProviderBusy | ProviderCrashed) -> Permit[Replica]:
        """Another permit after the provider itself has said that it is full, or has crashed.

        Raises:
            ProviderBusy, ProviderCrashed: `error` itself: the time is over first, or it was not the first crash, or no
                process can be had soon.
            ProviderUnavailable: The process cannot be started.
        """
        if isinstance(error, ProviderCrashed):
            return await self._after_crash(permit.room, error)
        self.attempt += 1
        told: object = error.details.get("retryAfterMs")
        rest_s = told / 1000 if isinstance(told, int | float) and told > 0 else _BUSY_REST_S
        return await self.take(await self._enter_again(permit.room, rest_s, error))

    async def _after_crash(self, room: Replica, crash: ProviderCrashed) -> Permit[Replica]:
        pause_s = room.supervisor.retry_after_ms / 1000
        hopeless = pause_s > _LONGEST_PAUSE_S and not self._provider.replicas.can_spare(room)
        if self._crashed or hopeless:
            raise crash
        self._crashed = True
        self.attempt += 1
        try:
            # What counts against its patience is the time it stood in line: the work itself is no waiting.
            return await self.take(await self._enter_again(room, pause_s, crash, self._watch.queue / 1e9))
        except ProviderUnavailable:
            raise crash from None

    async def _enter(self, max_wait_s: float | None, again_since: float | None = None) -> Permit[Replica]:
        caller, begin = self._caller, perf_counter_ns()
        try:
            return await self._provider.limiter.enter(
                self._model,
                client=caller.client,
                cost=self._cost,
                priority=caller.priority,
                max_wait_s=max_wait_s,
                on_wait=caller.on_wait,
                again_since=again_since,
            )
        finally:
            self._watch.queue += perf_counter_ns() - begin

    async def _enter_again(
        self, room: Replica, rest_s: float, error: VoxError, waited_s: float | None = None
    ) -> Permit[Replica]:
        limiter = self._provider.limiter
        if rest_s:
            limiter.rest(room, rest_s)
        if waited_s is None:
            waited_s = (perf_counter_ns() - self._began) / 1e9
        patience_s = limiter.patience_s(self._max_wait_s)
        if waited_s < patience_s:
            try:
                return await self._enter(patience_s - waited_s, limiter.now() - waited_s)
            except (ProviderBusy, QueueTimeout):
                pass
        if patience_s:
            error.details["waitedMs"] = round((perf_counter_ns() - self._began) / 1e6)
        raise error

    async def _start(self, permit: Permit[Replica]) -> None:
        begin, supervisor = perf_counter_ns(), permit.room.supervisor
        pause_s = supervisor.retry_after_ms / 1000
        try:
            if pause_s <= _LONGEST_PAUSE_S and not self._provider.replicas.can_spare(permit.room):
                await anyio.sleep(pause_s)  # another call's crash, while this one stood in line
            await supervisor.ensure()
        except BaseException:
            permit.release()
            raise
        finally:
            self._watch.start += perf_counter_ns() - begin
