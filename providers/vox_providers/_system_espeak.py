"""espeak-ng as the voice of systems that have none of their own."""

from collections.abc import Sequence

from vox.provider import Call
from vox_providers import _espeak_source, _espeak_voices
from vox_providers._system_voices import SystemVoice

__all__ = ["SystemEspeak"]

_NORMAL, _SLOWEST = 175, 80  # words per minute: espeak-ng's default, and below the second it goes no slower


class SystemEspeak:
    """espeak-ng from where it was found.

    Raises:
        ProviderError: The library does not load.
    """

    name = "espeak-ng"

    def __init__(self, source: str) -> None:
        self._engine = _espeak_source.engine(source)
        self._voices: list[_espeak_voices.Voice] = []

    def listed(self) -> list[SystemVoice]:
        """One voice or more for each language.

        Raises:
            ProviderError: The engine does not list them.
        """
        self._voices = _espeak_voices.voices(self._engine.listed())
        return [SystemVoice(voice.id, voice.listed.name, voice.language) for voice in self._voices]

    def match(self, known: Sequence[SystemVoice], language: str) -> SystemVoice | None:
        """The voice that speaks the language best, as espeak-ng ranks them."""
        found = _espeak_voices.by_language(self._voices, language)
        return next((voice for voice in known if found and voice.id == found.id), None)

    def speak(self, text: str, voice: SystemVoice, speed: float, call: Call) -> tuple[bytes, int]:
        """16-bit mono PCM and its rate.

        Raises:
            ProviderError: It failed or took too long, the speech is too long, or the call was cancelled.
        """
        chosen = next(known for known in self._voices if known.id == voice.id)
        return self._engine.speak(text, chosen, max(round(_NORMAL * speed), _SLOWEST), call)
