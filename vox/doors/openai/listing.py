"""`/v1/models` and `/v1/audio/voices`: what can be asked for by name."""

from collections.abc import Iterable
from functools import partial
from time import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vox.doors.openai.answers import answer
from vox.doors.openai.names import MODELS, Names, undated
from vox.doors.presence import while_present
from vox.errors import ModelNotFound, ModelNotInstalled
from vox.runtime.runtime import Runtime
from vox.types import Kind, ModelInfo, Voice

__all__ = ["Listing"]

_TASKS: dict[Kind, str] = {"asr": "automatic-speech-recognition", "tts": "text-to-speech"}


class Listing:
    """The endpoints over one runtime."""

    def __init__(self, runtime: Runtime, names: Names) -> None:
        self._runtime, self._names = runtime, names
        self._created = int(time())  # clients want a number; when a model was made, nobody here knows

    async def models(self, request: Request) -> Response:
        """The models that can be used now, and the names that stand for one."""
        entries = await while_present(request.receive, self._entries)
        return answer({"object": "list", "data": entries})

    async def speaking_models(self, request: Request) -> Response:
        """Those that speak, as some clients look for them."""
        entries = await while_present(request.receive, self._entries)
        return answer({"models": [entry for entry in entries if entry["task"] == _TASKS["tts"]]})

    async def model(self, request: Request) -> Response:
        """One of them.

        Raises:
            ModelNotFound, ModelNotInstalled: There is no such model that can be used.
        """
        wanted: str = request.path_params["model"]
        entries = await while_present(request.receive, self._entries)
        known = {entry["id"]: entry for entry in entries}
        found = known.get(wanted) or known.get(undated(wanted))
        if found is None:
            raise await self._missing(wanted, list(known))
        return answer({**found, "id": wanted})

    async def voices(self, request: Request) -> Response:
        """The voices of one model, or of all.

        Raises:
            ModelNotFound: Nobody serves the model.
        """
        named = request.query_params.get("model", "").strip()
        model = (self._names.tts(named, None)[0] or "") if named else None
        voices, _ = await while_present(request.receive, partial(self._runtime.voices, model))
        return answer({"voices": [_voice(voice) for voice in voices if voice.available]})

    async def _entries(self) -> list[dict[str, Any]]:
        models, _ = await self._runtime.models(("asr", "tts"))
        voices, _ = await self._runtime.voices()
        usable = [info for info in models if info.installed and info.available]
        entries = [self._entry(info, voices) for info in sorted(usable, key=lambda info: info.id)]
        return [*entries, *await self._alias_entries(entries)]

    def _entry(self, info: ModelInfo, voices: Iterable[Voice]) -> dict[str, Any]:
        shape = {
            "id": info.id,
            "object": "model",
            "created": self._created,
            "owned_by": info.provider,
            "name": info.name,
            "task": _TASKS[info.kind],
            "language": list(info.languages),
            "features": list(info.features),
        }
        if info.sample_rate:
            shape["sample_rate"] = info.sample_rate
        if info.kind == "asr":
            return {**shape, "words": info.words}
        return {**shape, "voices": [_voice(voice) for voice in voices if voice.model == info.id and voice.available]}

    async def _alias_entries(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The names that lead to one of the entries, each with what it leads to."""
        defaults = {kind: await self._runtime.default_model(kind) for kind in _TASKS}
        known = {entry["id"]: entry for entry in entries}
        found: list[dict[str, Any]] = []
        for name in self._names.aliases():
            for kind in _TASKS:
                if MODELS.get(name, kind) != kind or name in known:
                    continue
                meant = (self._names.asr(name) if kind == "asr" else self._names.tts(name, None)[0]) or defaults[kind]
                if meant in known and known[meant]["task"] == _TASKS[kind]:
                    found.append({**known[meant], "id": name, "alias_of": meant})
                    break
        return found

    async def _missing(self, wanted: str, usable: list[str]) -> ModelNotFound | ModelNotInstalled:
        models, _ = await self._runtime.registry.models(("asr", "tts"))
        if any(info.id == wanted for info in models):
            return ModelNotInstalled(f"Model {wanted} is not installed. See: vox models", modelId=wanted)
        return ModelNotFound(f"There is no model {wanted!r}. There are: {', '.join(usable)}.", modelId=wanted)


def _voice(voice: Voice) -> dict[str, Any]:
    return {
        "id": voice.id,
        "name": voice.name,
        "object": "voice",
        "model": voice.model,
        "language": voice.language,
        "default": voice.default,
    }
