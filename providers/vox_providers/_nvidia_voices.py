"""The voices of a server of NVIDIA's TTS. Their names hold model, language, speaker and mood:
`Magpie-Multilingual.EN-US.Aria.Happy`."""

from __future__ import annotations

import re
import time

from vox.provider import ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vox_providers._http import Vendor

__all__ = ["DEFAULT_VOICE", "fetch_voices", "language", "shown", "voice_in"]

DEFAULT_VOICE = "Magpie-Multilingual.EN-US.Aria"
"""Which servers have that serve English."""

_FRESH_S = 600.0  # how long a list is believed
_LARGEST_LIST = 8 << 20  # bytes
_LOCALE = re.compile(r"[A-Za-z]{2,3}-[A-Za-z]{2}")
_INVALID = -32602

_lists: dict[str, tuple[float, list[str]]] = {}  # address → when it was asked, the voices it has


def fetch_voices(vendor: Vendor, url: str, key: str, within_s: float) -> list[str]:
    """All voices of the server, each once; asked again after ten minutes.

    Raises:
        ProviderError: It lists none (`provider_misbehaved`), or see `Vendor.send`.
    """
    asked, known = _lists.get(url, (0.0, []))
    if known and time.monotonic() - asked < _FRESH_S:
        return known
    headers = {"Authorization": f"Bearer {key}"}
    with vendor.send("GET", url, within_s=within_s, hide=("", key), headers=headers) as answer:
        groups: Any = answer.json(_LARGEST_LIST)
    found = [
        voice.strip()
        for group in (groups.values() if isinstance(groups, dict) else ())
        for voice in _listed(group)
        if isinstance(voice, str) and voice.strip()
    ]
    if not found:
        raise vendor.failure("lists no voices", "provider_misbehaved")
    _lists[url] = time.monotonic(), list(dict.fromkeys(found))
    return _lists[url][1]


def voice_in(wanted: str, known: Sequence[str], vendor: str) -> str:
    """The first of the voices that speak a language (BCP 47); Aria where she does.

    Raises:
        ProviderError: None of them does.
    """
    spoken = wanted.casefold().partition("-")[0]
    same = [voice for voice in known if language(voice).casefold() == wanted.casefold()]
    near = [voice for voice in known if language(voice).partition("-")[0] == spoken]
    fitting = sorted(same or near, key=lambda voice: (not voice.endswith(".Aria"), voice.count("."), voice))
    if not fitting:
        languages = sorted({language(voice) for voice in known})
        message = f"{vendor} has no voice for the language {wanted!r}. It speaks {', '.join(languages)}."
        raise ProviderError(message, rpc_code=_INVALID, languages=languages)
    return fitting[0]


def language(voice: str) -> str:
    """The language in a voice's name, as `en-US`; American English for a name that holds none."""
    found = next((part for part in voice.split(".") if _LOCALE.fullmatch(part)), "en-US")
    spoken, _, region = found.partition("-")
    return f"{spoken.lower()}-{region.upper()}"


def shown(voice: str) -> str:
    """A voice's name as people read it: `Aria (Happy)`."""
    parts = voice.split(".")
    at = next((place for place, part in enumerate(parts) if _LOCALE.fullmatch(part)), len(parts))
    name, *mood = parts[at + 1 :] or parts[-1:]
    return f"{name} ({' '.join(mood)})" if mood else name


def _listed(group: Any) -> list[Any]:
    voices = group.get("voices") if isinstance(group, dict) else None
    return voices if isinstance(voices, list) else []
