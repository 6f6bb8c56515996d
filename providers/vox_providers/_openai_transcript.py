"""Transcripts as OpenAI's API and its imitators answer them: `json`, and `verbose_json` with times."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["language_code", "read_transcript"]

_NAMES = """
english:en chinese:zh german:de spanish:es russian:ru korean:ko french:fr japanese:ja portuguese:pt turkish:tr
polish:pl catalan:ca dutch:nl arabic:ar swedish:sv italian:it indonesian:id hindi:hi finnish:fi vietnamese:vi
hebrew:he ukrainian:uk greek:el malay:ms czech:cs romanian:ro danish:da hungarian:hu tamil:ta norwegian:no thai:th
urdu:ur croatian:hr bulgarian:bg lithuanian:lt latin:la maori:mi malayalam:ml welsh:cy slovak:sk telugu:te persian:fa
latvian:lv bengali:bn serbian:sr azerbaijani:az slovenian:sl kannada:kn estonian:et macedonian:mk breton:br basque:eu
icelandic:is armenian:hy nepali:ne mongolian:mn bosnian:bs kazakh:kk albanian:sq swahili:sw galician:gl marathi:mr
punjabi:pa sinhala:si khmer:km shona:sn yoruba:yo somali:so afrikaans:af occitan:oc georgian:ka belarusian:be tajik:tg
sindhi:sd gujarati:gu amharic:am yiddish:yi lao:lo uzbek:uz faroese:fo pashto:ps turkmen:tk nynorsk:nn maltese:mt
sanskrit:sa luxembourgish:lb myanmar:my tibetan:bo tagalog:tl malagasy:mg assamese:as tatar:tt hawaiian:haw lingala:ln
hausa:ha bashkir:ba javanese:jw sundanese:su
"""
_CODES = {name: code for name, _, code in (pair.partition(":") for pair in _NAMES.split())}
"""What Whisper calls a language → its code. Source: the tokenizer of openai/whisper."""


def read_transcript(told: Any, *, words: bool, language: str | None = None) -> dict[str, object]:
    """The result for `transcribe`.

    Args:
        told: The JSON of the answer.
        words: Whether times of words are wanted.
        language: What the text is in, if that is certain.

    Raises:
        ValueError: It has no text.
    """
    if not isinstance(told, dict) or not isinstance(told.get("text"), str):
        raise ValueError("it has no text")
    result: dict[str, object] = {"text": told["text"].strip()}
    if found := language or language_code(told.get("language")):
        result["language"] = found
    segments = _timed(told.get("segments"), "text")
    if segments:
        result["segments"] = [{"id": number, **segment} for number, segment in enumerate(segments)]
    if words:
        timed = _timed(told.get("words"), "word")
        if timed or not result["text"]:
            result["words"] = timed
    if duration := _seconds(told.get("duration")):
        result["metrics"] = {"audioDurationMs": duration * 1000}
    return result


def language_code(name: Any) -> str | None:
    """The code of a language that is told by its English name, or by a code already."""
    if not isinstance(name, str) or not name.strip():
        return None
    plain = name.strip().lower()
    return _CODES.get(plain) or (plain if 2 <= len(plain.partition("-")[0]) <= 3 else None)


def _timed(items: Any, what: str) -> list[dict[str, Any]]:
    """The items that have text and two times in order, as they come."""
    kept: list[dict[str, Any]] = []
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict) or not isinstance(item.get(what), str):
            continue
        start, end = _seconds(item.get("start")), _seconds(item.get("end"))
        if item[what].strip() and start is not None and end is not None and start <= end:
            kept.append({what: item[what].strip(), "start": start, "end": end})
    return kept


def _seconds(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    return float(value) if usable else None
