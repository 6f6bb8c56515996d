"""The providers of this daemon, and what each of them offers.

A provider's models are known from its entry, from its answer to `models` at its start, and from a fresh answer when
somebody asks for a list while it is idle. One that is slow or broken is reported beside the others, not instead.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from time import perf_counter_ns
from weakref import WeakSet

import anyio

from vox.config import Configuration, ProviderEntry
from vox.config.changes import Changes, Key, compare
from vox.errors import VoxError
from vox.host.supervisor import Supervisor
from vox.protocol.provider import ModelShape, ModelsResult, read_models
from vox.runtime.capacity import Limiter
from vox.runtime.limits import limits
from vox.runtime.replicas import Replica, Replicas
from vox.runtime.telemetry import Stopwatch
from vox.types import Kind, ModelInfo

__all__ = ["Provider", "ProviderEvent", "Registry", "model_info"]


class Provider:
    """One entry of providers.json at work."""

    def __init__(self, entry: ProviderEntry, supervisors: Sequence[Supervisor]) -> None:
        self.entry = entry
        self.replicas = Replicas(supervisors, self._adopt)
        self.limiter = Limiter(entry.id, self.replicas.all, *limits(entry, None), choose=self._choose)
        self._configure()
        self._known: dict[str, ModelInfo] = {}
        self._known_from: ModelsResult | None = None

    def renew(self, entry: ProviderEntry, supervisors: Sequence[Supervisor]) -> list[Supervisor]:
        """Go on as `entry` says with new processes, which the calls that wait go to; those inside stay where they are.

        Returns:
            What was in charge until now, to be retired.
        """
        earlier, self.entry = self.replicas, entry
        self.replicas = Replicas(supervisors, self._adopt)
        for before, after in zip(earlier.all, supervisors, strict=False):
            after.generation = before.supervisor.generation  # goes on: no two processes of an entry have one number
        self._known, self._known_from = {}, None
        self._configure()
        self.limiter.set_limits(*limits(entry, None))
        self.limiter.renew(self.replicas.all)
        return [replica.supervisor for replica in earlier.all]

    @property
    def supervisor(self) -> Supervisor:
        """The process that is asked what concerns them all."""
        return self._only or self.replicas.lead.supervisor

    @property
    def id(self) -> str:
        """The entry's id."""
        return self.entry.id

    @property
    def kind(self) -> Kind:
        """What it does."""
        return self.entry.kind

    async def ready(self, watch: Stopwatch | None = None) -> None:
        """Start the process if it is not running.

        Args:
            watch: Of the call for whose sake it is started; the time goes to its stage `start`.

        Raises:
            ProviderUnavailable: It cannot be started.
        """
        supervisor = self.supervisor
        if supervisor.running is not None:
            return
        begin = perf_counter_ns()
        try:
            await supervisor.ensure()
        finally:
            if watch is not None:
                watch.start += perf_counter_ns() - begin

    async def models(self, *, fresh: bool = False, watch: Stopwatch | None = None) -> list[ModelInfo]:
        """What it offers; `fresh` asks again if nothing is in flight. `watch` as for `ready`.

        Raises:
            VoxError: It cannot be started.
        """
        await self.ready(watch)
        supervisor = self.supervisor
        if fresh and supervisor.running is not None and not supervisor.running.in_flight:
            supervisor.models = await supervisor.call(
                "models", {}, lambda result, _: read_models(result), timeout_s=self.entry.timeouts.models_ms / 1000
            )
        return self.known_models()

    def known_models(self) -> list[ModelInfo]:
        """What it offers, as far as known without asking."""
        return list(self._offers().values())

    def known_model(self, model: str) -> ModelInfo | None:
        """What is known of one model without asking; None when it is not offered."""
        return self._offers().get(model)

    def possible_model(self, model: str) -> ModelInfo | None:
        """The same for a model that it may offer once the files are here; None when its entry lists others alone."""
        known = self.known_model(model)
        if known is not None or self.entry.models is not None:
            return known
        answer = self.supervisor.models
        return model_info(ModelShape(id=model, installed=False), self, answer.features if answer else [])

    def _offers(self) -> dict[str, ModelInfo]:
        """Models by id, worked out once for each answer: every call looks here."""
        answer = self.supervisor.models
        if not self._known or answer is not self._known_from:
            self._known, self._known_from = self._read_offers(answer), answer
        return self._known

    def _read_offers(self, answer: ModelsResult | None) -> dict[str, ModelInfo]:
        shapes = {shape.id: shape for shape in answer.models if shape.kind in (None, self.kind)} if answer else {}
        if self.entry.models is not None:
            shapes = {name: shapes.get(name) or ModelShape(id=name) for name in self.entry.models}
        top = answer.features if answer else []
        return {name: model_info(shape, self, top) for name, shape in shapes.items()}

    def learn(self, shape: ModelShape) -> ModelInfo:
        """Take over what the provider said of one model after an install or preload."""
        answer = self.supervisor.models
        for replica in self.replicas.all:
            if (known := replica.supervisor.models) is not None:
                # In its place: the first installed model is the default, and a preload must not choose another one.
                models = {model.id: model for model in known.models} | {shape.id: shape}
                replica.supervisor.models = known.model_copy(update={"models": list(models.values())})
        return model_info(shape, self, answer.features if answer else [])

    def _configure(self) -> None:
        self._only = None if self.replicas.several else self.replicas.all[0].supervisor  # every call asks for it
        limiter, queue = self.limiter, self.entry.queue
        limiter.queue_max, limiter.queue_s = queue.max, queue.timeout_ms / 1000
        self.replicas.on_recovered = limiter.advance

    def _adopt(self, answer: ModelsResult) -> None:
        """Take over the limits a process advertises at its start."""
        self.limiter.set_limits(*limits(self.entry, answer))
        self.limiter.advance()

    def _choose(self, model: str, free: list[Replica]) -> Replica | None:
        return self.replicas.choose(model, free)


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """Something has happened to a process of an entry; or to all of them, where none is named."""

    name: str
    """As the supervisor tells it, or `restarted`."""
    entry: ProviderEntry
    replica: int | None = None
    pid: int | None = None
    supervisor: Supervisor | None = None


class Registry:
    """All providers, in the order of the configuration."""

    def __init__(self, configuration: Configuration, make: Callable[[ProviderEntry], Supervisor]) -> None:
        self.configuration = configuration
        self.freshen: Callable[[], object] = _nothing
        """Called before providers are looked up: the moment to notice that the configuration has changed."""
        self.on_event: Callable[[ProviderEvent], object] = _ignore
        """Told what happens to the processes."""
        self._make = make
        self._retired: WeakSet[Supervisor] = WeakSet()
        self.providers = [Provider(entry, self._made(entry)) for entry in configuration.entries]

    def apply(self, configuration: Configuration) -> Changes:
        """Take over a changed configuration: entries as they were go on undisturbed, a changed one has a new process
        started on need, and what went away ends when its calls have ended. No call and no waiting line is lost.

        Raises:
            ConfigError: An entry cannot be used; nothing has changed then.
        """
        changes = compare(self.configuration.entries, configuration.entries)
        wanted: dict[Key, ProviderEntry] = {(entry.id, entry.kind): entry for entry in configuration.entries}
        made = {key: self._made(wanted[key]) for key in (*changes.added, *changes.changed)}
        providers = {(provider.id, provider.kind): provider for provider in self.providers}
        for key in changes.removed:
            self._retire(replica.supervisor for replica in providers.pop(key).replicas.all)
        for key in changes.changed:
            self._retire(providers[key].renew(wanted[key], made[key]))
        for key in changes.added:
            providers[key] = Provider(wanted[key], made[key])
        self.configuration = configuration
        self.providers = [providers[key] for key in wanted]
        return changes

    async def restart(self, provider: Provider, *, now: bool = False) -> None:
        """Have the next call served by a new process, with secrets and files that the entry names read anew.

        Args:
            now: End the old process and what is inside it at once, rather than when its calls have ended.

        Raises:
            ConfigError: The entry cannot be used any more; nothing has changed then.
        """
        earlier = provider.renew(provider.entry, self._made(provider.entry))
        self.on_event(ProviderEvent("restarted", provider.entry))
        self._retire(earlier)
        if now:
            async with anyio.create_task_group() as tasks:
                for supervisor in earlier:
                    tasks.start_soon(supervisor.abort, f"Provider {provider.id} was restarted on request.")

    def _made(self, entry: ProviderEntry) -> list[Supervisor]:
        return [self._watched(entry, number) for number in range(entry.processes)]

    def _watched(self, entry: ProviderEntry, replica: int) -> Supervisor:
        supervisor = self._make(entry)

        def tell(name: str, pid: int | None) -> None:
            self.on_event(ProviderEvent(name, entry, replica, pid, supervisor))

        supervisor.on_event = tell
        return supervisor

    def _retire(self, supervisors: Iterable[Supervisor]) -> None:
        for supervisor in supervisors:
            self._retired.add(supervisor)
            supervisor.retire()

    def of(self, kind: Kind) -> list[Provider]:
        """The providers of a kind, the preferred one first."""
        return [provider for provider in self.providers if provider.kind == kind]

    def get(self, provider: str, kind: Kind | None = None) -> Provider | None:
        """The provider of that id; with two kinds under one id, `kind` chooses."""
        return next((found for found in self.providers if found.id == provider and kind in (None, found.kind)), None)

    async def models(
        self, kinds: Iterable[Kind], *, fresh: bool = False
    ) -> tuple[list[ModelInfo], list[tuple[str, VoxError]]]:
        """The models of some kinds, and the providers that could not tell theirs, with the reason."""
        self.freshen()
        asked = [provider for kind in kinds for provider in self.of(kind)]
        answers: list[Sequence[ModelInfo] | VoxError] = [[] for _ in asked]

        async def ask(index: int, provider: Provider) -> None:
            try:
                answers[index] = await provider.models(fresh=fresh)
            except VoxError as error:
                answers[index] = [replace(info, available=False) for info in provider.known_models()] or error

        async with anyio.create_task_group() as tasks:
            for index, provider in enumerate(asked):
                tasks.start_soon(ask, index, provider)
        models: dict[tuple[Kind, str], ModelInfo] = {}
        problems: list[tuple[str, VoxError]] = []
        for provider, answer in zip(asked, answers, strict=True):
            if isinstance(answer, VoxError):
                problems.append((provider.id, answer))
            else:
                for info in answer:
                    models.setdefault((info.kind, info.id), info)
        return list(models.values()), problems

    async def stop(self) -> None:
        """End every provider, all at once."""
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(anyio.create_task_group())
            for supervisor in self.supervisors():
                tasks.start_soon(supervisor.stop)

    def supervisors(self) -> list[Supervisor]:
        """Everyone who may have a process, those who are leaving included."""
        of_all = [replica.supervisor for provider in self.providers for replica in provider.replicas.all]
        return [*of_all, *self._retired]


def _nothing() -> None:
    """Until somebody watches the files."""


def _ignore(_: ProviderEvent) -> None:
    """Until somebody wants to know."""


def model_info(shape: ModelShape, provider: Provider, features: Sequence[str]) -> ModelInfo:
    """A model as the runtime knows it, its gaps filled as the protocol says."""
    return ModelInfo(
        id=shape.id,
        name=shape.name or shape.id,
        backend=shape.backend or provider.id,
        kind=provider.kind,
        provider=provider.id,
        installed=shape.installed,
        preloaded=shape.preloaded,
        available=shape.available,
        languages=tuple(shape.languages),
        max_concurrency=shape.max_concurrency,
        sample_rate=shape.sample_rate,
        size_bytes=shape.size_bytes,
        words=shape.words,
        streaming=shape.streaming,
        features=tuple({*features, *shape.features}),
        description=shape.description,
        remedy=shape.remedy,
    )
