"""The voices of a MiniMax account, and the languages that MiniMax takes a hint for.

Source: MiniMax's API reference of POST /v1/get_voice, and of `language_boost` in POST /v1/t2a_v2.
"""

from __future__ import annotations

import sys
from types import MappingProxyType

from vox.provider import ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vox_providers._http import Vendor

__all__ = ["LANGUAGES", "VOICES", "check_voice", "listed_voices"]

VOICES = MappingProxyType(
    {
        "English_expressive_narrator": "Expressive narrator",
        "English_radiant_girl": "Radiant girl",
        "English_magnetic_voiced_man": "Magnetic-voiced man",
        "English_compelling_lady1": "Compelling lady",
        "English_CalmWoman": "Calm woman",
    }
)
"""Voices that every account has: id → name, the default one first."""

_PAIRS = """
af:Afrikaans ar:Arabic bg:Bulgarian ca:Catalan cs:Czech da:Danish de:German el:Greek en:English es:Spanish fa:Persian
fi:Finnish fil:Filipino fr:French he:Hebrew hi:Hindi hr:Croatian hu:Hungarian id:Indonesian it:Italian ja:Japanese
ko:Korean ms:Malay nl:Dutch nn:Nynorsk no:Norwegian pl:Polish pt:Portuguese ro:Romanian ru:Russian sk:Slovak
sl:Slovenian sv:Swedish ta:Tamil th:Thai tr:Turkish uk:Ukrainian vi:Vietnamese yue:Chinese,Yue zh:Chinese
"""
LANGUAGES = MappingProxyType({tag: name for tag, _, name in (pair.partition(":") for pair in _PAIRS.split())})
"""BCP 47 → what MiniMax calls it."""

_KINDS = ("system_voice", "voice_cloning", "voice_generation")
_LARGEST_LIST = 16 << 20  # bytes
_MOST = 20_000  # voices; an account may clone many
_LONGEST_ID = 256  # characters, as the API has it
_BY_NAME = {name: tag for tag, name in LANGUAGES.items()}


def listed_voices(vendor: Vendor, base: str, key: str, within_s: float) -> list[dict[str, object]]:
    """Every voice the key can use: `VOICES`, and what the API lists. An address without such a list, as some gateways
    are, leaves `VOICES`, and a line on standard error says why."""
    found = {voice: _to_wire(voice, name) for voice, name in VOICES.items()}
    try:
        with vendor.send(
            "POST",
            f"{base}/get_voice",
            within_s=within_s,
            hide=("", key),
            headers={"Authorization": f"Bearer {key}"},
            json={"voice_type": "all"},
        ) as answer:
            told: Any = answer.json(_LARGEST_LIST)
    except ProviderError as error:
        print(f"The voices of the account are not known: {error.message}", file=sys.stderr)
        return list(found.values())
    for kind in _KINDS if isinstance(told, dict) else ():
        entries = told.get(kind)
        for entry in entries[:_MOST] if isinstance(entries, list) else ():
            voice = entry.get("voice_id") if isinstance(entry, dict) else None
            if isinstance(voice, str) and _is_id(voice):
                name = entry.get("voice_name")
                found.setdefault(voice, _to_wire(voice, name if isinstance(name, str) and name else voice))
    return list(found.values())


def check_voice(voice: str) -> str:
    """The voice, if it can be one.

    Raises:
        ProviderError: It cannot (`voice_not_found`).
    """
    if not _is_id(voice):
        message = f"{voice[:64]!r} cannot be a MiniMax voice. `vox voices` lists them."
        raise ProviderError(message, code="voice_not_found", nearest=[])
    return voice


def _is_id(voice: str) -> bool:
    return 0 < len(voice) <= _LONGEST_ID and voice.isprintable()


def _to_wire(voice: str, name: str) -> dict[str, object]:
    """One voice; the first part of a system voice's id is its language: `Chinese (Mandarin)_News_Anchor`."""
    wire: dict[str, object] = {"id": voice, "name": name, "default": voice == next(iter(VOICES))}
    spoken = voice.partition("_")[0].partition(" (")[0]
    tag = "yue" if voice.startswith("Cantonese") else _BY_NAME.get(spoken)
    return {**wire, "language": tag} if tag else wire
