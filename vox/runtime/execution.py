"""A call under a permit, and what frees the permit when the call was given up and its provider never answers.

A call that timed out or was cancelled may still be at work inside the provider, so it keeps its permit until the
answer comes. If that does not happen within the call's time, its place is lost; once every place is lost, nothing but
a new process can help.
"""

from time import perf_counter_ns
from typing import Any

import anyio
from anyio.abc import TaskGroup

from vox.errors import ProviderBusy, ProviderTimeout
from vox.host.process import Reader, Streaming
from vox.runtime.account import Account
from vox.runtime.capacity import Permit
from vox.runtime.registry import Provider
from vox.runtime.replicas import Replica
from vox.runtime.requests import Caller
from vox.runtime.telemetry import Stopwatch
from vox.runtime.turn import Turn

__all__ = ["Executor"]


class Executor:
    """Makes the calls.

    Args:
        tasks: For the watch over calls that were given up; it must outlive them.
    """

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks

    async def call(
        self,
        provider: Provider,
        method: str,
        params: dict[str, Any],
        read: Reader[Any],
        *,
        caller: Caller,
        timeout_s: float,
        cost: float = 1.0,
        max_wait_s: float | None = None,
        account: Account | None = None,
        stream: Streaming | None = None,
        again: bool = True,
    ) -> Any:
        """Start the provider if need be, wait for a permit, and make the call under it.

        Args:
            caller: Who asks, how urgently, and who is told of the wait.
            timeout_s: How long the answer may take, the wait not included.
            cost: Work the call stands for, in seconds of audio or characters.
            max_wait_s: How long it may wait for its permit; the entry's queue bounds it too.
            account: Of the call, for its times.
            stream: Who takes what comes before the answer.
            again: Whether a call that the provider itself refuses as busy waits for another turn.

        Raises:
            ProviderUnavailable: The provider cannot be started.
            ProviderBusy, QueueTimeout: No room in time.
            VoxError: The provider failed, in one of the ways the error tree names.
        """
        watch: Stopwatch = account or Stopwatch()
        if provider.supervisor.running is None:
            await provider.ready(watch)
        model, limiter, turn = str(params.get("modelId") or ""), provider.limiter, None
        wanted = provider, model, caller, cost, max_wait_s, watch, perf_counter_ns()
        permit = limiter.enter_now(model)
        if permit is None or permit.room.supervisor.running is None:
            turn = Turn(*wanted)
            permit = await turn.take(permit)
        while True:
            replica = permit.room
            if account is not None:
                account.served_by(replica.supervisor.generation, replica.number)
            if provider.replicas.several:
                replica.loads(model)
            begin = perf_counter_ns()
            try:
                result = await replica.supervisor.call(
                    method, params, read, timeout_s=timeout_s, on_settled=permit.release, stream=stream
                )
            except BaseException as error:
                watch.provider += perf_counter_ns() - begin
                if not permit.released:
                    grace_s = 0.0 if isinstance(error, ProviderTimeout) else timeout_s
                    self._tasks.start_soon(self._see_released, provider, permit, grace_s)
                if not isinstance(error, ProviderBusy) or not again:
                    raise
                turn = turn or Turn(*wanted)
                permit = await turn.again(permit, error)
                if account is not None:
                    account.note(attempt=turn.attempt)
            else:
                took = perf_counter_ns() - begin
                watch.provider += took
                limiter.served(model, took / 1e9)
                return result

    async def _see_released(self, provider: Provider, permit: Permit[Replica], grace_s: float) -> None:
        """Wait for a place whose call was given up. When it is lost, and was the last or there are other processes to
        do the work, end the process."""
        released, replica = anyio.Event(), permit.room
        permit.on_release = released.set
        if permit.released:
            return
        with anyio.move_on_after(grace_s):
            await released.wait()
            return

        def give_back() -> None:
            replica.lost -= 1
            released.set()

        replica.lost += 1
        permit.on_release = give_back
        process = replica.supervisor.running
        if replica.lost < provider.limiter.limit and provider.replicas.several and process is not None:
            await process.drained()  # no new calls go there
            if released.is_set() or replica.supervisor.running is not process:
                return
            await replica.supervisor.replace()
        elif replica.lost >= provider.limiter.limit:
            await replica.supervisor.replace()
