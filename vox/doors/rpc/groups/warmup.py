"""Methods about warm-up: having a model in memory before it is needed."""

from typing import Any

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.doors.rpc.shapes import progress_emitter
from vox.runtime.runtime import Runtime
from vox.runtime.warmup import Warmup

__all__ = ["WarmupMethods"]

_LONGEST_DELAY_MS = 31 * 86_400_000  # no daemon is meant to remember a plan for longer than a month


class WarmupMethods:
    """`warmup.status`, `warmup.start`, `warmup.schedule`, `warmup.cancel`; models of both kinds."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.handlers: dict[str, Handler] = {
            "warmup.status": self._status,
            "warmup.start": self._start,
            "warmup.schedule": self._schedule,
            "warmup.cancel": self._cancel,
        }

    async def _status(self, params: Params, _: Access, __: Emit) -> dict[str, Any]:
        return {"warmup": (await self._runtime.warmups.status(params.text("modelId"))).told()}

    async def _start(self, params: Params, _: Access, emit: Emit) -> dict[str, Any]:
        client = params.caller(emit).client
        return await self._told(await self._runtime.warmups.start(params.text("modelId"), client), params, emit)

    async def _schedule(self, params: Params, _: Access, emit: Emit) -> dict[str, Any]:
        """Without a delay: now."""
        delay_ms = params.number("delayMs", -_LONGEST_DELAY_MS, _LONGEST_DELAY_MS) or 0.0
        client = params.caller(emit).client
        warmup = await self._runtime.warmups.schedule(params.text("modelId"), delay_ms / 1000, client)
        return await self._told(warmup, params, emit)

    async def _cancel(self, params: Params, _: Access, __: Emit) -> dict[str, Any]:
        return {"warmup": (await self._runtime.warmups.cancel(params.text("modelId"))).told()}

    async def _told(self, warmup: Warmup, params: Params, emit: Emit) -> dict[str, Any]:
        """At once, or with `wait` when nothing is planned or loading any more. Who does not wait until then leaves, and
        the model is loaded all the same."""
        if params.flag("wait"):
            warmup = await self._runtime.warmups.over(warmup.model, progress_emitter(emit))
        return {"warmup": warmup.told()}
