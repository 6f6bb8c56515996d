"""The voices of an operating system: which one a name or a language means, and which is the default."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from vox.provider import Call

__all__ = ["FALLBACK", "SystemEngine", "SystemVoice", "by_language", "by_name", "default_voice", "user_language"]

FALLBACK = "en-US"
"""The language where the user's own has no voice."""

_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # in the order of POSIX, section 8.2
_NO_LANGUAGE = ("", "C", "POSIX")


class SystemVoice(NamedTuple):
    """A voice.

    Attributes:
        id: What callers choose it by.
        name: For people.
        language: BCP 47.
        preferred: Whether the user chose it in the system's settings, as far as the system tells.
    """

    id: str
    name: str
    language: str
    preferred: bool = False


class SystemEngine(Protocol):
    """What speaks with the system's voices."""

    name: str
    """For descriptions, such as `say`."""

    def listed(self) -> list[SystemVoice]:
        """The voices.

        Raises:
            ProviderError: They cannot be read.
        """
        ...

    def match(self, known: Sequence[SystemVoice], language: str) -> SystemVoice | None:
        """The voice that speaks a language best."""
        ...

    def speak(self, text: str, voice: SystemVoice, speed: float, call: Call) -> tuple[bytes, int]:
        """16-bit mono PCM and its rate.

        Raises:
            ProviderError: It failed, or the call was cancelled.
        """
        ...


def by_name(known: Sequence[SystemVoice], name: str) -> SystemVoice | None:
    """The voice with this id or name, whatever its case."""
    wanted = name.casefold()
    return next((voice for voice in known if wanted in (voice.id.casefold(), voice.name.casefold())), None)


def by_language(known: Sequence[SystemVoice], tag: str) -> SystemVoice | None:
    """A voice of that language: the very tag if there is one, else the same language of another region."""
    wanted = tag.replace("_", "-").casefold()
    ranked = sorted(known, key=lambda voice: not voice.preferred)
    exact = next((voice for voice in ranked if voice.language.casefold() == wanted), None)
    primary = wanted.partition("-")[0]
    return exact or next((voice for voice in ranked if voice.language.casefold().partition("-")[0] == primary), None)


def default_voice(engine: SystemEngine, known: Sequence[SystemVoice]) -> SystemVoice | None:
    """The voice the user chose in the system's settings, else one of the user's language, else an American one."""
    chosen = next((voice for voice in known if voice.preferred), None)
    languages = (user_language(os.environ), FALLBACK)
    spoken = (engine.match(known, language) for language in languages)
    return chosen or next(filter(None, spoken), None) or next(iter(known), None)


def user_language(environment: Mapping[str, str]) -> str:
    """The language of the environment as a tag: `de_AT.UTF-8` is `de-AT`; American English where it says none."""
    value = next((environment[name] for name in _LOCALE_VARIABLES if environment.get(name)), "")
    tag = value.partition(".")[0].partition("@")[0]
    return FALLBACK if tag in _NO_LANGUAGE else tag.replace("_", "-")
