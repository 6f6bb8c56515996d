"""The voices of an ElevenLabs account: all of them, page by page."""

from __future__ import annotations

import re
import sys
import time

from vox.provider import ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from vox_providers._http import Vendor

__all__ = ["DEFAULT_VOICE", "check_voice", "default_voice", "read_voices"]

DEFAULT_VOICE = "JBFqnCBsd6RMkjVDRZzb"
"""George, one of the voices that every account has."""

_PAGE = 100  # voices; the API gives no more at once
_MOST_PAGES = 200  # twenty thousand voices; a server that never comes to an end is left then
_LARGEST_PAGE = 8 << 20  # bytes; a voice with its samples and labels has about 10 000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_voices(vendor: Vendor, base: str, key: str, model_id: str, within_s: float) -> list[dict[str, object]]:
    """Every voice the key can use, as the protocol has them.

    Args:
        base: The API's address.
        within_s: Seconds for all pages together.

    Raises:
        ProviderError: Refused, out of reach, out of time, or no list of voices.
    """
    end = time.monotonic() + within_s
    found: dict[str, dict[str, object]] = {}
    for page in _pages(vendor, base, key, end):
        for voice in page:
            wire = _to_wire(voice, model_id)
            if wire is not None:
                found.setdefault(str(wire["id"]), wire)
    return list(found.values())


def default_voice(model_id: str, available: bool) -> dict[str, object]:
    """The voice that is used when none is named."""
    voice: dict[str, object] = {"id": DEFAULT_VOICE, "name": "George", "language": "en-US", "modelId": model_id}
    return {**voice, "available": available, "default": True}


def check_voice(voice_id: str) -> str:
    """The voice, if it can be one: it becomes a part of an address.

    Raises:
        ProviderError: It is no id (`voice_not_found`).
    """
    if not _ID.fullmatch(voice_id):
        raise ProviderError(
            f"{voice_id[:64]!r} is no ElevenLabs voice id, which is letters and digits. `vox voices` lists them.",
            code="voice_not_found",
            nearest=[],
        )
    return voice_id


def _pages(vendor: Vendor, base: str, key: str, end: float) -> Iterator[list[Any]]:
    token = ""
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        params: dict[str, object] = {"page_size": _PAGE, "include_total_count": "false"}
        with vendor.send(
            "GET",
            f"{base}/v2/voices",
            within_s=max(end - time.monotonic(), 0.001),
            hide=("", key),
            headers={"xi-api-key": key},
            params={**params, "next_page_token": token} if token else params,
        ) as answer:
            page: Any = answer.json(_LARGEST_PAGE)
        voices = page.get("voices") if isinstance(page, dict) else None
        if not isinstance(voices, list):
            raise vendor.failure("answered without a list of voices", "provider_misbehaved")
        yield voices
        token = page.get("next_page_token")
        if not page.get("has_more") or not isinstance(token, str) or not token:
            return
        if token in seen:
            raise vendor.failure("leads from one page of voices to the same page again", "provider_misbehaved")
        seen.add(token)
    print(f"ElevenLabs has more than {_MOST_PAGES * _PAGE} voices; the others are left out.", file=sys.stderr)


def _to_wire(voice: Any, model_id: str) -> dict[str, object] | None:
    """One voice; None for what is none. Its language is that of a check with this model, else the first one told."""
    if (
        not isinstance(voice, dict)
        or not isinstance(voice.get("voice_id"), str)
        or not _ID.fullmatch(voice["voice_id"])
    ):
        return None
    name = voice.get("name")
    wire: dict[str, object] = {
        "id": voice["voice_id"],
        "name": name if isinstance(name, str) and name else voice["voice_id"],
        "modelId": model_id,
        "available": True,
        "default": voice["voice_id"] == DEFAULT_VOICE,
    }
    language = _language(voice, model_id)
    return {**wire, "language": language} if language else wire


def _language(voice: dict[str, Any], model_id: str) -> str:
    verified = voice.get("verified_languages")
    checked = [item for item in verified if isinstance(item, dict)] if isinstance(verified, list) else []
    for item in sorted(checked, key=lambda item: item.get("model_id") != model_id):
        for field in ("locale", "language"):
            if isinstance(item.get(field), str) and item[field]:
                return item[field]
    labels = voice.get("labels")
    told = labels.get("language") if isinstance(labels, dict) else None
    return told if isinstance(told, str) else ""
