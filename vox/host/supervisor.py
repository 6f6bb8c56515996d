"""The life of one provider: started on first need, kept, ended in good order, started again after a crash.

States: `stopped → starting → ready → stopping → stopped`, and `backing_off` after an early crash. There is no
permanent death: while backing off, calls fail at once and say when to come back.
"""

import asyncio
import dataclasses
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import anyio
from anyio.abc import TaskGroup

from vox.errors import ProviderMisbehaved, ProviderTimeout, ProviderUnavailable, VoxError
from vox.host.backoff import Backoff
from vox.host.command import resolve_argv
from vox.host.idle import KeepAlive
from vox.host.job import Watcher, end_group
from vox.host.process import ProviderProcess, Streaming, how_to_raise
from vox.host.transport import Transport, open_transport
from vox.log import get_logger
from vox.protocol.framing import DEFAULT_MAX_LINE
from vox.protocol.provider import ModelsResult, ProgressNotice, read_models

__all__ = ["ProviderSpec", "State", "Supervisor"]

State = Literal["stopped", "starting", "ready", "backing_off", "stopping"]

_UNUSED_S = 1.0  # a process that was just started is for somebody, who may need this long to make the call

KILLED_GRACE_S = 5.0  # the system needs no longer to reap a killed process, unless a disk hangs

_log = get_logger()


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """What to run, and how."""

    id: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    start_s: float = 20.0
    """Seconds from the start to the answer to `models`."""
    keep_alive_s: float = -1
    """Stop after idling that long; -1 never, 0 as soon as nothing is in flight."""
    keep_alive_of: Mapping[str, float] = field(default_factory=dict[str, float])
    """The same for models with times of their own; the longest time of a model that was used counts."""
    stop_s: float = 2.0
    """After end of input: long enough to finish a sentence, short enough for Ctrl-C."""
    kill_s: float = 2.0
    """After the polite signal, before the final one."""
    max_line: int = DEFAULT_MAX_LINE


class Supervisor:
    """Owns the one process of a provider.

    Args:
        tasks: Where the ends of processes are seen through; it must outlive the supervisor's use.
        watcher: Told of every group, so that it ends with the daemon.
        stderr: Where the child's diagnostics go.
    """

    def __init__(
        self,
        spec: ProviderSpec,
        *,
        tasks: TaskGroup,
        watcher: Watcher,
        stderr: Callable[[bytes], None],
        clock: Callable[[], float] = time.monotonic,
        open_child: Callable[..., Awaitable[Transport]] = open_transport,
    ) -> None:
        self.spec = spec
        self.generation = 0
        self.last_error: str | None = None
        self.models: ModelsResult | None = None
        self.on_models: Callable[[ModelsResult], object] = _ignore
        """Told what a new process answers to `models`."""
        self.on_start_over: Callable[[], object] | None = None
        """Told when a start is over, well or not."""
        self.on_event: Callable[[str, int | None], object] | None = None
        """Told what happens to which process id: `starting`, `ready` or `failed`; `crashed`; `stopping`, `stopped`; and
        `backing_off` after a start that failed or a crash that came too early."""
        self._tasks, self._watcher, self._stderr = tasks, watcher, stderr
        self._clock, self._open = clock, open_child
        self._backoff = Backoff(clock)
        self.running: ProviderProcess | None = None
        """The live process, if there is one."""
        self._since = 0.0  # when it was started, by the clock
        self._starting: asyncio.Future[ProviderProcess] | None = None
        self._start_scope = anyio.CancelScope()
        self._stopping = False
        self._idle: asyncio.TimerHandle | None = None
        self._alive: set[ProviderProcess] = set()  # not reaped yet: the running one, and earlier ones that are ending
        self._keep = KeepAlive(spec.keep_alive_s, spec.keep_alive_of)
        self._sleeps = self._keep.ends

    @property
    def state(self) -> State:
        """Where in its life the provider is."""
        if self._stopping:
            return "stopping"
        if self.running is not None:
            return "ready"
        if self._starting is not None:
            return "starting"
        return "backing_off" if self._backoff.remaining_s() else "stopped"

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self.running.pid if self.running is not None else None

    @property
    def retry_after_ms(self) -> int:
        """Milliseconds until a start is allowed; 0 when it is allowed now."""
        return math.ceil(self._backoff.remaining_s() * 1000)

    @property
    def unload_s(self) -> float | None:
        """Seconds until the process is stopped unless it is used before; None while it is in use, or is kept."""
        if self._idle is None or self.running is None:
            return None
        return max(0.0, self._idle.when() - asyncio.get_running_loop().time())

    def can(self, feature: str) -> bool:
        """Whether the running process has declared that feature."""
        return self.running is not None and feature in self.running.features

    def call(
        self,
        method: str,
        params: dict[str, Any],
        read: Any,
        *,
        timeout_s: float,
        on_progress: Callable[[ProgressNotice], None] | None = None,
        on_settled: Callable[[], None] | None = None,
        prolong_s: float | None = None,
        stream: Streaming | None = None,
    ) -> Coroutine[Any, Any, Any]:
        """`ProviderProcess.call` on the running process, started if need be. `on_settled` is honoured in every case.

        Raises:
            ProviderUnavailable: It cannot be started, or is backing off.
            VoxError: As `ProviderProcess.call`.
        """
        process = self.running
        if process is None or self._sleeps or process.ended.done():
            return self._call_started(method, params, read, timeout_s, on_progress, on_settled, prolong_s, stream)
        return process.call(method, params, read, timeout_s, on_progress, on_settled, prolong_s, stream)

    async def _call_started(
        self,
        method: str,
        params: dict[str, Any],
        read: Any,
        timeout_s: float,
        on_progress: Callable[[ProgressNotice], None] | None,
        on_settled: Callable[[], None] | None,
        prolong_s: float | None,
        stream: Streaming | None,
    ) -> Any:
        try:
            process = await self.ensure()
        except BaseException:
            if on_settled is not None:
                on_settled()
            raise
        self._hold()

        def settled() -> None:  # which a call that was given up is long after its caller has left
            if on_settled is not None:
                on_settled()
            loop = asyncio.get_running_loop()
            self._keep.used(params.get("modelId"), loop.time())
            loop.call_soon(self._release, process)

        return await process.call(method, params, read, timeout_s, on_progress, settled, prolong_s, stream)

    async def ensure(self) -> ProviderProcess:
        """The running process, started if need be.

        Raises:
            ProviderUnavailable: It cannot be started, or is backing off.
        """
        if (process := self.running) is not None:
            if not process.ended.done():
                return process
            self._note_end(process, process.ended.result())  # it has ended in this very turn of the loop
        if self._starting is None:
            if self._stopping:
                raise self._being_stopped()
            self.begin()  # a task of its own: several callers share one start, and one that leaves does not undo it
        assert self._starting is not None
        return await asyncio.shield(self._starting)

    async def replace(self, *, polite: bool = False) -> None:
        """End the running process, whatever it does; the next call starts a new one, without waiting for the end."""
        process, self.running = self.running, None
        if process is not None:
            self._tell_stopping(process)
            await self._end(process, polite=polite)

    async def stop(self, *, reset: bool = True) -> None:
        """End the process in good order: end of input, a signal, the final signal, each with its grace.

        Args:
            reset: Also forget past crashes.
        """
        self._stopping = True
        try:
            await self._stop_starting()
            await self.replace(polite=True)
            if self._alive:
                grace_s = self.spec.stop_s + self.spec.kill_s + KILLED_GRACE_S
                await asyncio.wait([process.exited for process in self._alive], timeout=grace_s)
        finally:
            self._stopping = False
            if reset:
                self._backoff.reset()

    def retire(self) -> None:
        """Another takes over: end the process once nobody waits for its answers. A call that still comes is served,
        by a process that ends as soon as it is idle."""
        self._sleeps, self.on_models = True, _ignore
        self.spec = dataclasses.replace(self.spec, keep_alive_s=0, keep_alive_of={})
        self._keep = KeepAlive(0, {})
        self._tasks.start_soon(self._leave)

    async def abort(self, reason: str) -> None:
        """End the process at once; its callers are told `reason` as `provider_unavailable`."""
        await self._stop_starting()
        if self.running is not None:
            self.running.condemn(ProviderUnavailable(reason, provider=self.spec.id, retryAfterMs=0))
            await self.replace()

    async def _leave(self) -> None:
        while self._starting is not None or self.running is not None:
            if self._starting is not None:
                await asyncio.wait([self._starting])
                await asyncio.sleep(0)  # those who waited for the start make their calls now
            elif (process := self.running) is not None:
                await process.drained()
                if self.running is process:
                    await self.replace(polite=True)

    def kill(self) -> None:
        """The last resort when there is no time left for good order."""
        self.running = None
        for process in self._alive:
            end_group(process.transport.process, force=True)

    # ---- starting

    def begin(self) -> None:
        """Have the process started for whoever comes, unless it runs or is starting; `on_start_over` tells when."""
        if self.running is None and self._starting is None and not self._stopping:
            self._starting = asyncio.get_running_loop().create_future()
            self._tasks.start_soon(self._start_for, self._starting)

    async def _start_for(self, callers: "asyncio.Future[ProviderProcess]") -> None:
        callers.add_done_callback(lambda done: done.exception())  # all callers may have left
        try:
            with anyio.CancelScope() as self._start_scope:
                callers.set_result(await self._start())
        except VoxError as error:
            callers.set_exception(error)
        finally:
            self._starting = None
            if not callers.done():
                callers.set_exception(self._being_stopped())
            if self.on_start_over is not None:
                self.on_start_over()

    async def _stop_starting(self) -> None:
        if self._starting is not None:
            self._start_scope.cancel()
            await asyncio.wait([self._starting])

    def _being_stopped(self) -> ProviderUnavailable:
        return ProviderUnavailable(f"Provider {self.spec.id} is being stopped.", provider=self.spec.id)

    async def _start(self) -> ProviderProcess:
        if wait := self._backoff.remaining_s():
            raise ProviderUnavailable(
                f"Provider {self.spec.id} crashed right after its start and is backing off for {wait:.1f} s more."
                + (f" Last error: {self.last_error}" if self.last_error else ""),
                provider=self.spec.id,
                retryAfterMs=math.ceil(wait * 1000),
            )
        self._tell("starting")
        try:
            process = await self._start_now()
        except VoxError:
            self._tell("failed")
            self._tell_backing_off()
            raise
        self._tell("ready", process.pid)
        self._keep_new(process)
        return process

    async def _start_now(self) -> ProviderProcess:
        started = self._clock()
        process = ProviderProcess(self.spec.id, self._stderr, self._blame)
        transport = await self._spawn(process)
        self.generation += 1
        self._watcher.add(transport.process)
        process.attach(transport)
        self._alive.add(process)
        process.exited.add_done_callback(lambda _: self._alive.discard(process))
        _log.info("provider.started", provider=self.spec.id, pid=process.pid, generation=self.generation)
        # By a callback, not by the task below: callers that fail with this end must find it noted when they look.
        process.ended.add_done_callback(lambda end: self._note_end(process, end.result()))
        self._tasks.start_soon(self._see_through, process)
        try:
            await self._greet(process)
        except ProviderUnavailable as error:
            self._backoff.ended(0.0)  # however long it took: it has never lived
            error.details["retryAfterMs"] = self.retry_after_ms
            raise
        except BaseException:  # stopped in the middle of it
            with anyio.CancelScope(shield=True):
                await self._end(process, polite=False)
            raise
        self.running, self._since = process, started
        return process

    async def _spawn(self, process: ProviderProcess) -> Transport:
        spec = self.spec
        try:
            argv = resolve_argv(spec.argv, spec.environment, spec.folder)
            return await self._open(argv, spec.environment, spec.folder, process, spec.max_line)
        except ProviderUnavailable as error:
            self.last_error = error.message
            error.details["provider"] = spec.id
            raise
        except OSError as error:
            self.last_error = f"cannot start {spec.argv[0]}: {error.strerror or error}"
            raise ProviderUnavailable(f"Provider {spec.id}: {self.last_error}.", provider=spec.id) from error

    async def _greet(self, process: ProviderProcess) -> None:
        """Ask for the models. There is no handshake in the protocol: this first answer tells that the provider is up,
        what it can do besides, and how many calls it takes. A provider that refuses the method may still work."""
        try:
            models: ModelsResult = await process.call("models", {}, _read_models, timeout_s=self.spec.start_s)
            self.models = models
            self.on_models(models)
            process.features = frozenset(models.features)
        except ProviderTimeout as error:
            self.last_error = f"no answer to models within {self.spec.start_s:g} s of the start"
            await self._end(process, polite=False)
            raise ProviderUnavailable(
                f"Provider {self.spec.id}: {self.last_error}. If it needs longer, {how_to_raise('startMs')}.",
                provider=self.spec.id,
                timeout="startMs",
                timeoutMs=round(self.spec.start_s * 1000),
            ) from error
        except VoxError as error:
            if process.ended.done():
                self.last_error = error.message
                raise ProviderUnavailable(error.message, **error.details) from error
            _log.info("provider.no_models", provider=self.spec.id, error=error.message)

    # ---- ending

    def _note_end(self, process: ProviderProcess, error: VoxError) -> None:
        if self.running is process:
            self.running = None
            self.last_error = error.message
            self._backoff.ended(self._clock() - self._since)
            _log.warning("provider.ended", provider=self.spec.id, error=error.message)
            self._tell("crashed", process.pid)
            self._tell_backing_off()

    async def _see_through(self, process: ProviderProcess) -> None:
        """Wait for the process's end, expected or not, and leave nothing of it behind."""
        await asyncio.shield(process.ended)
        await self._end(process, polite=False)

    async def _end(self, process: ProviderProcess, *, polite: bool) -> None:
        child = process.transport.process
        process.transport.close_input()
        gone = polite and await _within(process.exited, self.spec.stop_s)
        if not gone:
            end_group(child, force=not polite)
            gone = polite and await _within(process.exited, self.spec.kill_s)
        end_group(child, force=True)
        if not gone and not await _within(process.exited, KILLED_GRACE_S):
            _log.error("provider.not_reaped", provider=self.spec.id, pid=child.pid)
        self._watcher.remove(child.pid)
        process.transport.close()

    # ---- idling

    def _blame(self, error: ProviderMisbehaved) -> None:
        self.last_error = error.message

    def _hold(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _keep_new(self, process: ProviderProcess) -> None:
        """A process that nobody ever calls idles too."""
        if self._sleeps:
            now = asyncio.get_running_loop().time()
            self._keep.begin(now + _UNUSED_S)
            self._release(process)

    def _release(self, process: ProviderProcess) -> None:
        if process.in_flight or process is not self.running or not self._sleeps:
            return
        self._hold()
        loop = asyncio.get_running_loop()
        if self._keep.until < math.inf:
            self._idle = loop.call_at(max(loop.time(), self._keep.until), self._stop_idle, process)

    def _stop_idle(self, process: ProviderProcess) -> None:
        self._idle = None
        if process is self.running and not process.in_flight:
            self.running = None  # at once: a call that comes while it ends has a new one started
            self._tell_stopping(process)
            self._tasks.start_soon(self._end_idle, process)

    async def _end_idle(self, process: ProviderProcess) -> None:
        await self._end(process, polite=True)
        self._backoff.reset()

    # ---- telling

    def _tell(self, event: str, pid: int | None = None) -> None:
        if self.on_event is not None:
            self.on_event(event, pid)

    def _tell_backing_off(self) -> None:
        if self._backoff.remaining_s():
            self._tell("backing_off")

    def _tell_stopping(self, process: ProviderProcess) -> None:
        pid = process.pid
        self._tell("stopping", pid)
        process.exited.add_done_callback(lambda _: self._tell("stopped", pid))


def _ignore(_: ModelsResult) -> None:
    """Until a provider wants to know, and again when it has retired."""


def _read_models(result: Any, _: bytes | None) -> ModelsResult:
    return read_models(result)


async def _within(future: "asyncio.Future[int]", seconds: float) -> bool:
    """Whether `future` is done before `seconds` have passed; it is never cancelled."""
    done, _ = await asyncio.wait([future], timeout=seconds)
    return bool(done)
