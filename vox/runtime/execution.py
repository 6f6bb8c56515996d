"""A call under a permit, and what frees the permit when the call was given up and its provider never answers.

A call that timed out or was cancelled may still be at work inside the provider, so it keeps its permit until the
answer comes. If that does not happen within the call's time, its place is lost; once every place is lost, nothing but
a new process can help.
"""

from collections import Counter
from time import perf_counter_ns
from typing import Any

import anyio
from anyio.abc import TaskGroup

from vox.errors import ProviderTimeout
from vox.host.process import Reader, Streaming
from vox.runtime.account import Account
from vox.runtime.capacity import Permit
from vox.runtime.registry import Provider
from vox.runtime.telemetry import Stopwatch

__all__ = ["Executor"]


class Executor:
    """Makes the calls.

    Args:
        tasks: For the watch over calls that were given up; it must outlive them.
    """

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._lost: Counter[Provider] = Counter()

    async def call(
        self,
        provider: Provider,
        method: str,
        params: dict[str, Any],
        read: Reader[Any],
        *,
        client: str,
        timeout_s: float,
        cost: float = 1.0,
        max_wait_s: float | None = None,
        account: Account | None = None,
        stream: Streaming | None = None,
    ) -> Any:
        """Start the provider if need be, wait for a permit, and make the call under it.

        Args:
            client: Who asks; a label, used to be fair.
            timeout_s: How long the answer may take, the wait not included.
            cost: Work the call stands for, in seconds of audio or characters.
            max_wait_s: How long it may wait for its permit; the entry's queue bounds it too.
            account: Of the call, for its times.
            stream: Who takes what comes before the answer.

        Raises:
            ProviderUnavailable: The provider cannot be started.
            ProviderBusy, QueueTimeout: No room in time.
            VoxError: The provider failed, in one of the ways the error tree names.
        """
        watch: Stopwatch = account or Stopwatch()
        if provider.supervisor.running is None:
            await provider.ready(watch)
        model = str(params.get("modelId") or "")
        begin = perf_counter_ns()
        permit = provider.limiter.enter_now(model)
        if permit is None:
            try:
                permit = await provider.limiter.enter(model, client=client, cost=cost, max_wait_s=max_wait_s)
            finally:
                watch.queue = perf_counter_ns() - begin
            begin = perf_counter_ns()
        if account is not None:
            account.served_by(provider.supervisor.generation)
        try:
            return await provider.supervisor.call(
                method, params, read, timeout_s=timeout_s, on_settled=permit.release, stream=stream
            )
        except BaseException as error:
            if not permit.released:
                grace_s = 0.0 if isinstance(error, ProviderTimeout) else timeout_s
                self._tasks.start_soon(self._see_released, provider, permit, grace_s)
            raise
        finally:
            watch.provider = perf_counter_ns() - begin

    async def _see_released(self, provider: Provider, permit: Permit, grace_s: float) -> None:
        """Wait for a place whose call was given up; when it is lost and was the last, end the process."""
        released = anyio.Event()
        permit.on_release = released.set
        if permit.released:
            return
        with anyio.move_on_after(grace_s):
            await released.wait()
            return
        self._lost[provider] += 1
        if self._lost[provider] >= provider.limiter.limit:
            await provider.supervisor.replace()
        await released.wait()
        self._lost[provider] -= 1
