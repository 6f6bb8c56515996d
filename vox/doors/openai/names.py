"""From the names that clients of OpenAI's API have built in to models and voices of this machine.

A name is looked for, in this order: in the user's table, among the models that entries of providers.json list, among
OpenAI's own. One that is found nowhere is handed on as it is, so that the runtime says what there is instead. OpenAI's
names are those of its audio and realtime references; a date behind one (`gpt-4o-mini-tts-2025-12-15`) makes no
difference.
"""

import re
from collections.abc import Awaitable, Callable, Sequence

from vox.config.openai_names import OpenAiNames, OpenAiVoice
from vox.errors import VoxError
from vox.runtime.runtime import Runtime
from vox.types import Kind, Voice

__all__ = ["MODELS", "VOICES", "Names", "undated"]

MODELS: dict[str, Kind] = {
    "whisper-1": "asr",
    "gpt-transcribe": "asr",
    "gpt-4o-transcribe": "asr",
    "gpt-4o-mini-transcribe": "asr",
    "gpt-4o-transcribe-diarize": "asr",
    "gpt-live-transcribe": "asr",
    "gpt-realtime-whisper": "asr",
    "tts-1": "tts",
    "tts-1-hd": "tts",
    "gpt-4o-mini-tts": "tts",
}
"""OpenAI's models, which mean the default of their kind here."""

VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx"),
    *("nova", "sage", "shimmer", "verse", "marin", "cedar"),
)
"""OpenAI's voices."""

_DATE = re.compile(r"-(\d{4}-\d\d-\d\d|\d{4})$")


def undated(name: str) -> str:
    """One of OpenAI's models without the date behind it; any other name as it is."""
    plain = _DATE.sub("", name)
    return plain if plain in MODELS else name


class Names:
    """The table in force.

    Args:
        table: What the user has written, asked anew for each name.
        serves: Tells whether an entry of providers.json lists a model of that id. What a provider offers without having
            been listed does not count: whether a recording stays on this machine must not depend on who has answered.
        voices_of: The voices of a model, or of the default one.
    """

    def __init__(
        self,
        table: Callable[[], OpenAiNames],
        serves: Callable[[str, Kind], bool],
        voices_of: Callable[[str | None], Awaitable[Sequence[Voice]]],
    ) -> None:
        self._table, self._serves, self._voices_of = table, serves, voices_of

    @classmethod
    def of(cls, runtime: Runtime) -> "Names":
        """The names of a daemon."""

        def serves(model: str, kind: Kind) -> bool:
            return any(model in (provider.entry.models or ()) for provider in runtime.registry.of(kind))

        async def voices_of(model: str | None) -> list[Voice]:
            return (await runtime.voices(model or ""))[0]

        return cls(lambda: runtime.configuration.settings.open_ai, serves, voices_of)

    def asr(self, name: str | None) -> str | None:
        """The id of the recogniser a name means; None for the default."""
        return self._model(name, "asr")

    def tts(self, name: str | None, voice: str | None) -> tuple[str | None, str | None]:
        """The model and the voice that two names mean; None for the default. OpenAI's voices are the model's own choice
        here: who can wait asks `speaker`."""
        model, chosen = self._written(name, voice)
        return model, None if (chosen or "").lower() in VOICES else chosen

    async def speaker(self, name: str | None, voice: str | None) -> tuple[str | None, str | None]:
        """As `tts`, but OpenAI's voices are looked for among those of the model: one of that name, else one in the
        language of its own choice, so that two names are two voices where there are two. May start the provider."""
        model, chosen = self._written(name, voice)
        if (chosen or "").lower() not in VOICES:
            return model, chosen
        try:
            known = await self._voices_of(model)
        except VoxError:  # what is wrong with the model is told by the speech that fails
            return model, None
        return model, _stand_in((chosen or "").lower(), [one for one in known if one.available])

    def aliases(self) -> dict[str, Kind | None]:
        """Every name that means a model here; None where it depends on what is asked."""
        return {**MODELS, **{name: MODELS.get(name) for name in self._table().models}}

    def _model(self, name: str | None, kind: Kind) -> str | None:
        wanted = (name or "").strip()
        table = self._table().models
        if wanted in table:
            return table[wanted].strip() or None
        if not wanted or self._serves(wanted, kind):
            return wanted or None
        if (plain := undated(wanted)) != wanted:
            return self._model(plain, kind)
        return None if MODELS.get(wanted) == kind else wanted

    def _written(self, name: str | None, voice: str | None) -> tuple[str | None, str | None]:
        """What the user's table says of both names."""
        wanted = (voice or "").strip()
        found = self._table().voices.get(wanted, wanted)
        chosen = found if isinstance(found, OpenAiVoice) else OpenAiVoice(voice=found.strip() or None)
        model = chosen.model if chosen.model is not None else self._model(name, "tts")
        return model, chosen.voice


def _stand_in(wanted: str, known: list[Voice]) -> str | None:
    """One of a model's voices for one of OpenAI's. Engines after Kokoro write `af_alloy` for the voice Alloy."""
    for voice in known:
        if wanted in (voice.id.lower(), voice.name.lower(), voice.id.lower().rpartition("_")[2]):
            return voice.id
    usual = next((voice for voice in known if voice.default), None)
    if usual is None:
        return None
    same = [usual, *(one for one in known if one.language == usual.language and one is not usual)]
    return same[VOICES.index(wanted) % len(same)].id
