"""Warm-up: the plan to have a model in memory before it is needed.

Each model is `idle`, `scheduled` for later, `warming`, `ready` or `failed`. A model is `ready` as long as a process
lives that it was loaded into: when the process crashes, idles away or is replaced, the model is `idle` again. Nothing
is downloaded here: a model whose files are missing is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

import anyio
from anyio.abc import TaskGroup

from vox.errors import VoxError
from vox.host.process import ProviderProcess
from vox.runtime.events import Events
from vox.runtime.getting import installed, preload_model
from vox.runtime.registry import Provider, Registry
from vox.runtime.requests import OnProgress
from vox.runtime.routing import Route, is_alias
from vox.runtime.status import stamp
from vox.types import ModelInfo, Progress

__all__ = ["Warmup", "WarmupState", "Warmups"]

WarmupState: TypeAlias = Literal["idle", "scheduled", "warming", "ready", "failed"]

_TOPIC = "warmup"
_STEP = 0.05  # of progress worth an event for everybody; who waits for the model is told every step


@dataclass(frozen=True, slots=True)
class Warmup:
    """How far one model is."""

    model: str
    state: WarmupState = "idle"
    requested_by: str | None = None
    """The client that asked last."""
    scheduled_for: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    last_error: str | None = None

    def told(self) -> dict[str, Any]:
        """In the wire's names; moments in whole seconds."""
        moments = {
            "scheduledFor": self.scheduled_for,
            "startedAt": self.started_at,
            "completedAt": self.completed_at,
        }
        return {
            "modelId": self.model,
            "state": self.state,
            "requestedBy": self.requested_by,
            **{name: None if moment is None else stamp(moment) for name, moment in moments.items()},
            "lastError": self.last_error,
        }


@dataclass(slots=True, eq=False)
class _Plan:
    route: Route
    now: Warmup
    timer: asyncio.TimerHandle | None = None
    loading: anyio.CancelScope | None = None
    inside: list[ProviderProcess] = field(default_factory=list[ProviderProcess])
    """The processes that the model was loaded into."""
    watchers: list[OnProgress] = field(default_factory=list[OnProgress])
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while nothing is scheduled or warming."""
    told: float = 0.0


class Warmups:
    """The warm-ups of all models.

    Args:
        find: The route of a model id, or of the default.
        tasks: Where models are loaded.
        load: Loads the model of a route.
        now: The time in UTC.
    """

    def __init__(
        self,
        registry: Registry,
        find: Callable[[str | None], Awaitable[Route]],
        events: Events,
        tasks: TaskGroup,
        *,
        load: Callable[[Route, OnProgress], Awaitable[ModelInfo]] = preload_model,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._registry, self._find, self._events, self._tasks = registry, find, events, tasks
        self._load, self._now = load, now
        self._plans: dict[str, _Plan] = {}
        events.describe(_TOPIC, lambda: {"warmups": [plan.now.told() for plan in self._plans.values()]})

    async def status(self, model: str | None) -> Warmup:
        """How far a model is. No provider is started to find that out, unless it takes one to tell which model the
        default is, or what stands for an id.

        Raises:
            ModelNotFound: Nobody serves it.
            VoxError: The default cannot be told.
        """
        wanted = (model or "").strip()
        plan = self._plans.get(wanted)
        if plan is None:
            route = self._known(wanted)
            if route is None and wanted and not is_alias(wanted) and not self._all_known():
                return Warmup(wanted)  # whose provider does not run, so that nothing of it is in memory
            plan = self._plan(route or await self._find(model))
        if plan.now.state == "idle":
            await self._look(plan)
        return plan.now

    async def start(self, model: str | None, client: str) -> Warmup:
        """Begin to load a model, now; what is scheduled for it is forgotten. One that is loading or loaded goes on.

        Raises:
            ModelNotFound, ModelNotInstalled: There is no such model here.
            VoxError: The provider that might have it cannot be started.
        """
        return self.begin(installed(await self._find(model)), client)

    def begin(self, route: Route, client: str) -> Warmup:
        """As `start`, for a model whose route is known.

        Raises:
            ModelNotInstalled: Its files are not here.
        """
        plan = self._plan(installed(route))
        self._forget_schedule(plan)
        if plan.now.state in ("warming", "ready"):
            plan.now = replace(plan.now, requested_by=client)
        elif _is_loaded(route):
            plan.inside = _processes(route.provider)
            self._become(plan, Warmup(plan.now.model, "ready", client))
        else:
            self._become(plan, Warmup(plan.now.model, "warming", client, started_at=self._now()))
            plan.loading = anyio.CancelScope()
            self._tasks.start_soon(self._warm, plan, plan.loading)
        return plan.now

    async def schedule(self, model: str | None, delay_s: float, client: str) -> Warmup:
        """Load a model after some time; this replaces what was scheduled for it. No time or less means now. One that is
        loading or loaded goes on.

        Raises:
            VoxError: As `start`.
        """
        route = installed(await self._find(model))
        plan = self._plan(route)
        if delay_s <= 0 or plan.now.state in ("warming", "ready"):
            return self.begin(route, client)
        self._forget_schedule(plan)
        when = self._now() + timedelta(seconds=delay_s)
        self._become(plan, Warmup(plan.now.model, "scheduled", client, scheduled_for=when))
        plan.timer = asyncio.get_running_loop().call_later(delay_s, self._due, plan, client)
        return plan.now

    async def cancel(self, model: str | None) -> Warmup:
        """Forget what is scheduled for a model, or give up loading it; what is loaded stays.

        Raises:
            VoxError: As `status`.
        """
        plan = self._plans.get((await self.status(model)).model)
        if plan is None or plan.now.state not in ("scheduled", "warming"):
            return await self.status(model)
        self._forget_schedule(plan)
        if plan.loading is not None:
            plan.loading.cancel()
            plan.loading = None
        self._become(plan, Warmup(plan.now.model, requested_by=plan.now.requested_by))
        return plan.now

    async def over(self, model: str, on_progress: OnProgress | None = None) -> Warmup:
        """Wait until nothing is scheduled for a model that was started or scheduled, and it is not loading.

        Args:
            on_progress: Told of every step meanwhile.
        """
        plan = self._plans[model]
        if on_progress is not None:
            plan.watchers.append(on_progress)
        try:
            await plan.over.wait()
        finally:
            if on_progress is not None:
                plan.watchers.remove(on_progress)
        return plan.now

    def review(self) -> None:
        """Processes have come or gone: a model is ready only where it is in memory."""
        for plan in self._plans.values():
            if plan.now.state == "ready" and not self._is_inside(plan):
                fault = next((end.message for process in plan.inside if (end := _end_of(process)) is not None), None)
                plan.inside = []
                self._become(plan, Warmup(plan.now.model, requested_by=plan.now.requested_by, last_error=fault))

    # ---- inside

    def _plan(self, route: Route) -> _Plan:
        plan = self._plans.get(route.model.id)
        if plan is None:
            plan = self._plans[route.model.id] = _Plan(route, Warmup(route.model.id))
            plan.over.set()
        if plan.now.state != "ready":
            plan.route = route
        return plan

    def _forget_schedule(self, plan: _Plan) -> None:
        if plan.timer is not None:
            plan.timer.cancel()
            plan.timer = None

    def _become(self, plan: _Plan, now: Warmup) -> None:
        changed, plan.now = now.state != plan.now.state or now.state == "scheduled", now
        if now.state in ("scheduled", "warming"):
            plan.over.clear()
        else:
            plan.over.set()
        if changed:
            self._events.publish(_TOPIC, now.state, now.told())

    def _due(self, plan: _Plan, client: str) -> None:
        plan.timer = None
        self._tasks.start_soon(self._start_due, plan, client)

    async def _start_due(self, plan: _Plan, client: str) -> None:
        """What was scheduled long ago may have gone, or be served by somebody else now."""
        try:
            route = installed(await self._find(plan.now.model))
            error = None
        except VoxError as fault:
            route, error = None, fault
        if plan.now.state != "scheduled" or plan.timer is not None:
            return  # somebody has changed the plan meanwhile
        if route is not None:
            self.begin(route, client)
        elif error is not None:
            self._become(plan, Warmup(plan.now.model, "failed", client, last_error=error.message))

    async def _warm(self, plan: _Plan, loading: anyio.CancelScope) -> None:
        with loading:
            try:
                await self._load(plan.route, lambda progress: self._report(plan, progress))
            except VoxError as error:
                self._settle(plan, loading, error)
            else:
                self._settle(plan, loading, None)

    def _settle(self, plan: _Plan, loading: anyio.CancelScope, error: VoxError | None) -> None:
        if plan.loading is not loading:
            return  # it was cancelled meanwhile
        plan.loading, plan.told = None, 0.0
        state: WarmupState = "ready" if error is None else "failed"
        plan.inside = _processes(plan.route.provider) if error is None else []
        fault = None if error is None else error.message
        self._become(plan, replace(plan.now, state=state, completed_at=self._now(), last_error=fault))
        self.review()

    def _report(self, plan: _Plan, progress: Progress) -> None:
        for watcher in tuple(plan.watchers):
            watcher(progress)
        if progress.fraction - plan.told >= _STEP:
            plan.told = progress.fraction
            told = {"modelId": plan.now.model, "progress": progress.fraction, "status": progress.status}
            self._events.publish(_TOPIC, "progress", told)

    async def _look(self, plan: _Plan) -> None:
        """Whether the model was loaded by other means. Only its own provider is asked, and only while it runs."""
        provider = plan.route.provider
        try:
            if provider.replicas.running:
                await provider.models(fresh=True)
        except VoxError:
            return  # whoever cannot answer has nothing to offer
        info = provider.known_model(plan.now.model)
        if plan.now.state == "idle" and info is not None and _is_loaded(Route(provider, info)):
            plan.inside = _processes(provider)
            self._become(plan, replace(plan.now, state="ready", last_error=None))

    def _is_inside(self, plan: _Plan) -> bool:
        provider = plan.route.provider
        return provider in self._registry.providers and any(
            process is one for process in _processes(provider) for one in plan.inside
        )

    def _known(self, model: str) -> Route | None:
        """The route of an id, as far as it is known without asking."""
        for provider in (*self._registry.of("asr"), *self._registry.of("tts")):
            info = provider.known_model(model)
            if info is not None and not (is_alias(model) and not info.installed):
                return Route(provider, info)
        return None

    def _all_known(self) -> bool:
        providers = self._registry.providers
        return all(one.entry.models is not None or one.supervisor.models is not None for one in providers)


def _is_loaded(route: Route) -> bool:
    """Whether the provider says so of a process that lives, or it is known of one."""
    running = route.provider.replicas.running
    return bool(running) and (route.model.preloaded or any(replica.has(route.model.id) for replica in running))


def _processes(provider: Provider) -> list[ProviderProcess]:
    return [process for replica in provider.replicas.all if (process := replica.supervisor.running) is not None]


def _end_of(process: ProviderProcess) -> VoxError | None:
    return process.ended.result() if process.ended.done() else None
