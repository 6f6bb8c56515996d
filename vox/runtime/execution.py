"""A call under a permit, once more when its process crashed, and what frees the permit of a call that was given up.

A call that timed out or was cancelled may still be at work inside the provider, so it keeps its permit until the
answer comes. If that does not happen within the call's time, its place is lost; once every place of the process, or
every place of the model, is lost, nothing but a new process can help.
"""

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, TypeGuard

import anyio
from anyio.abc import TaskGroup

from vox.errors import ProviderBusy, ProviderCrashed, ProviderTimeout
from vox.host.process import Reader, Streaming
from vox.protocol.provider import ProgressNotice
from vox.runtime.account import Account
from vox.runtime.capacity import Permit
from vox.runtime.registry import Provider
from vox.runtime.replicas import Replica
from vox.runtime.requests import Caller
from vox.runtime.telemetry import Stopwatch
from vox.runtime.turn import Turn

__all__ = ["Executor"]

_REPEATABLE = frozenset(("transcribe", "synthesize"))  # without effects outside; an install may have left half a file


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
        on_progress: Callable[[ProgressNotice], None] | None = None,
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
            on_progress: Who is told of progress.
            again: Whether a call that the provider itself refuses as busy waits for another turn, and one whose
                process crashed is made once more.

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
                    method,
                    params,
                    read,
                    timeout_s=timeout_s,
                    on_progress=on_progress,
                    on_settled=permit.release,
                    stream=stream,
                )
            except BaseException as error:
                spent = perf_counter_ns() - begin
                watch.provider += spent
                if not permit.released:
                    grace_s = _patience_s(replica, timeout_s, error)
                    self._tasks.start_soon(self._see_released, provider, model, permit, grace_s)
                if not again or not _may_go_again(error, method, stream, spent / 1e9, timeout_s):
                    raise
                turn, timeout_s = turn or Turn(*wanted), timeout_s - spent / 1e9
                permit = await turn.again(permit, error)
                if account is not None:
                    account.note(attempt=turn.attempt)
            else:
                took = perf_counter_ns() - begin
                watch.provider += took
                limiter.served(model, took / 1e9)
                return result

    async def _see_released(self, provider: Provider, model: str, permit: Permit[Replica], grace_s: float) -> None:
        """Wait for a place whose call was given up. When it is lost, and was the last or there are other processes to
        do the work, end the process."""
        released, replica = anyio.Event(), permit.room
        permit.on_release = released.set
        if permit.released:
            return
        with anyio.move_on_after(grace_s):
            await released.wait()
        if permit.released:  # perhaps in the very moment its time was over
            return

        def give_back() -> None:
            replica.lost -= 1
            replica.lost_of[model] -= 1
            released.set()

        replica.lost += 1
        replica.lost_of[model] += 1
        permit.on_release = give_back
        process = replica.supervisor.running
        if replica.lost < provider.limiter.limit and provider.replicas.several and process is not None:
            await process.drained()  # no new calls go there
            if released.is_set() or replica.supervisor.running is not process:
                return
            await replica.supervisor.replace()
        elif replica.lost >= provider.limiter.limit or replica.lost_of[model] >= provider.limiter.limit_of(model):
            await replica.supervisor.replace()


def _may_go_again(
    error: BaseException, method: str, stream: Streaming | None, spent_s: float, timeout_s: float
) -> "TypeGuard[ProviderBusy | ProviderCrashed]":
    """Whether a call that ended in `error` may be let in another time: one that was refused, and one that a crash ended
    while there is time to do the work again."""
    if isinstance(error, ProviderBusy):
        return True
    begun = stream is not None and stream.begun()
    return isinstance(error, ProviderCrashed) and method in _REPEATABLE and not begun and spent_s <= timeout_s / 2


def _patience_s(replica: Replica, timeout_s: float, error: BaseException) -> float:
    """How long the place of a call that was given up may stay taken before it counts as lost."""
    if not isinstance(error, ProviderTimeout):
        return timeout_s
    # It has had its time already. One that can cancel was told to, and gets a moment to say that it has.
    return replica.supervisor.spec.stop_s if replica.supervisor.can("cancel") else 0.0
