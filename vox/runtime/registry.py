"""The providers of this daemon, and what each of them offers.

A provider's models are known from its entry, from its answer to `models` at its start, and from a fresh answer when
somebody asks for a list while it is idle. One that is slow or broken is reported beside the others, not instead.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from time import perf_counter_ns

import anyio

from vox.config import Configuration, ProviderEntry
from vox.errors import VoxError
from vox.host.supervisor import Supervisor
from vox.protocol.provider import ModelShape, ModelsResult, read_models
from vox.runtime.capacity import Limiter
from vox.runtime.telemetry import Stopwatch
from vox.types import Kind, ModelInfo

__all__ = ["DEFAULT_LIMIT", "Provider", "Registry", "model_info"]

DEFAULT_LIMIT: dict[Kind, int] = {"asr": 1, "tts": 4}
"""Calls inside a provider that neither the user nor the provider limits. An ASR provider written from the older
published page was promised one request at a time."""


class Provider:
    """One entry of providers.json at work."""

    def __init__(self, entry: ProviderEntry, supervisor: Supervisor) -> None:
        self.entry = entry
        self.supervisor = supervisor
        options = {name: option.max_concurrency for name, option in entry.model_options.items()}
        self._model_limits = {name: limit for name, limit in options.items() if limit is not None}
        self.limiter = Limiter(
            entry.id,
            entry.max_concurrency or max([DEFAULT_LIMIT[entry.kind], *self._model_limits.values()]),
            model_limits=dict(self._model_limits),
            queue_max=entry.queue.max,
            queue_s=entry.queue.timeout_ms / 1000,
        )
        self._known: dict[str, ModelInfo] = {}
        self._known_from: ModelsResult | None = None

    @property
    def id(self) -> str:
        """The entry's id."""
        return self.entry.id

    @property
    def kind(self) -> Kind:
        """What it does."""
        return self.entry.kind

    async def ready(self, watch: Stopwatch | None = None) -> None:
        """Start the process if it is not running, and take over the limits it advertises.

        Args:
            watch: Of the call for whose sake it is started; the time goes to its stage `start`.

        Raises:
            ProviderUnavailable: It cannot be started.
        """
        if self.supervisor.running is not None:
            return
        begin = perf_counter_ns()
        try:
            await self.supervisor.ensure()
        finally:
            if watch is not None:
                watch.start += perf_counter_ns() - begin
        if self.supervisor.models is not None:
            self._adopt(self.supervisor.models)

    async def models(self, *, fresh: bool = False, watch: Stopwatch | None = None) -> list[ModelInfo]:
        """What it offers; `fresh` asks again if nothing is in flight. `watch` as for `ready`.

        Raises:
            VoxError: It cannot be started.
        """
        await self.ready(watch)
        running = self.supervisor.running
        if fresh and running is not None and not running.in_flight:
            self.supervisor.models = await self.supervisor.call(
                "models", {}, lambda result, _: read_models(result), timeout_s=self.entry.timeouts.models_ms / 1000
            )
        return self.known_models()

    def known_models(self) -> list[ModelInfo]:
        """What it offers, as far as known without asking."""
        return list(self._offers().values())

    def known_model(self, model: str) -> ModelInfo | None:
        """What is known of one model without asking; None when it is not offered."""
        return self._offers().get(model)

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
        if answer is not None:
            # In its place: the first installed model is the default, and a preload must not choose another one.
            models = {known.id: known for known in answer.models} | {shape.id: shape}
            self.supervisor.models = answer.model_copy(update={"models": list(models.values())})
        return model_info(shape, self, answer.features if answer else [])

    def _adopt(self, answer: ModelsResult) -> None:
        """Limits, first that is set: the entry's for the model, the entry's, the provider's per model, its overall."""
        advertised = {shape.id: shape.max_concurrency for shape in answer.models if shape.max_concurrency}
        overall = self.entry.max_concurrency or answer.max_concurrency
        per_model = dict(self._model_limits)
        if self.entry.max_concurrency is None:
            per_model = {**advertised, **per_model}
        self.limiter.limit = overall or max([DEFAULT_LIMIT[self.kind], *per_model.values()])
        self.limiter.model_limits = per_model


class Registry:
    """All providers, in the order of the configuration."""

    def __init__(self, configuration: Configuration, make: Callable[[ProviderEntry], Supervisor]) -> None:
        self.configuration = configuration
        self.providers = [Provider(entry, make(entry)) for entry in configuration.entries]

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
            for provider in self.providers:
                tasks.start_soon(provider.supervisor.stop)


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
    )
