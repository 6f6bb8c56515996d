"""The voices of the models: asked once per process of a provider, found by id, and never guessed."""

import difflib

import anyio

from vox.errors import VoiceNotFound, VoxError
from vox.protocol.provider import VoicesResult, read_voices
from vox.runtime.registry import Provider, Registry
from vox.runtime.routing import Route
from vox.runtime.telemetry import Stopwatch
from vox.types import Voice

__all__ = ["VoiceBook"]

_ALIKE = 0.5
_NEAREST = 3
_SOON_S = 1.0  # for what is only shown: the speech itself does not depend on it


class VoiceBook:
    """Voices per model, remembered for the life of the process that told them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[int, list[Voice]]] = {}

    async def of(self, provider: Provider, model: str | None, watch: Stopwatch | None = None) -> list[Voice]:
        """The voices of a model, or of all models of the provider. `watch` as for `Provider.ready`.

        Raises:
            VoxError: The provider could not tell.
        """
        key = (provider.id, model or "")
        generation, voices = self._known.get(key, (-1, []))
        if generation == provider.supervisor.generation and provider.supervisor.running is not None:
            return voices
        await provider.ready(watch)
        result: VoicesResult = await provider.supervisor.call(
            "voices",
            {"modelId": model} if model else {},
            lambda raw, _: read_voices(raw),
            timeout_s=provider.entry.timeouts.models_ms / 1000,
        )
        voices = [
            Voice(
                id=shape.id,
                name=shape.name or shape.id,
                model=shape.model_id or model or _only_model(provider),
                backend=shape.backend or provider.id,
                language=shape.language,
                available=shape.available,
                default=shape.default,
            )
            for shape in result.voices
        ]
        self._known[key] = (provider.supervisor.generation, voices)
        return voices

    async def default(self, route: Route) -> str | None:
        """The voice a model speaks with when none is chosen; None when its provider does not tell soon."""
        with anyio.move_on_after(_SOON_S):
            try:
                voices = await self.of(route.provider, route.model.id)
            except VoxError:
                return None
            return next((voice.id for voice in voices if voice.default), None)
        return None

    async def all(self, registry: Registry) -> tuple[list[Voice], list[tuple[str, VoxError]]]:
        """Every voice of every TTS provider, and the providers that could not tell."""
        registry.freshen()
        providers = registry.of("tts")
        found: list[list[Voice]] = [[] for _ in providers]
        problems: list[tuple[str, VoxError]] = []

        async def ask(index: int, provider: Provider) -> None:
            try:
                found[index] = await self.of(provider, None)
            except VoxError as error:
                problems.append((provider.id, error))

        async with anyio.create_task_group() as tasks:
            for index, provider in enumerate(providers):
                tasks.start_soon(ask, index, provider)
        return [voice for voices in found for voice in voices], problems

    async def check(self, route: Route, wanted: str, watch: Stopwatch | None = None) -> str:
        """The voice id to send: `wanted` if the model has it, whatever its case. A provider that has no `voices` method
        is trusted to know its own.

        Raises:
            VoiceNotFound: The model has voices, and this is none of them.
        """
        try:
            voices = await self.of(route.provider, route.model.id, watch)
        except VoxError:
            return wanted
        ids = [voice.id for voice in voices]
        if wanted in ids or not ids:
            return wanted
        same = next((voice.id for voice in voices if wanted.lower() in (voice.id.lower(), voice.name.lower())), None)
        if same is not None:
            return same
        nearest = difflib.get_close_matches(wanted, ids, n=_NEAREST, cutoff=_ALIKE)
        hint = f"Did you mean {' or '.join(nearest)}?" if nearest else f"It has: {', '.join(ids[:12])}."
        raise VoiceNotFound(
            f"Model {route.model.id} has no voice {wanted!r}. {hint}", modelId=route.model.id, nearest=nearest
        )


def _only_model(provider: Provider) -> str:
    """The model that voices belong to of which none is told; empty when it may be one of several."""
    models = provider.known_models()
    return models[0].id if len(models) == 1 else ""
