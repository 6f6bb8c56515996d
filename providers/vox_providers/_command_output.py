"""The transcripts that programs write: text, JSON, SRT, VTT, or lines with times.

Shapes of JSON that are read: whisper.cpp's (`transcription` with `offsets` in milliseconds), the one of OpenAI's
Whisper and the programs after it (`segments` with `start` and `end` in seconds, `words`), `sentences` likewise, and a
bare `text`.
"""

import json
import re
from pathlib import Path
from typing import Any, cast

from vox.provider import ProviderError

__all__ = ["read_transcript", "transcript_file"]

_ENDINGS = ("json", "vtt", "srt", "txt")  # the one that tells most comes first
_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_CUE = re.compile(rf"\s*\[?\s*{_TIME}\s*-->\s*{_TIME}\s*(\])?(.*)")
_TAG = re.compile(r"</?[^<>]*>")
_SHOWN = 40  # characters of something unusable that an error quotes


def transcript_file(stem: Path) -> bytes | None:
    """What was written to `stem` with one of the known endings, or to `stem` itself; None if nothing was."""
    for path in (*(stem.with_name(f"{stem.name}.{ending}") for ending in _ENDINGS), stem):
        if path.is_file():
            return path.read_bytes()
    return None


def read_transcript(data: bytes) -> dict[str, Any]:
    """`{"text", "segments"?, "words"?, "language"?}`, times in seconds.

    Raises:
        ProviderError: It begins as JSON and is none, or it is JSON of no known shape.
    """
    text = data.decode("utf-8-sig", "replace").strip()
    if text.startswith(("{", "[{")):
        return _from_json(text)
    return _with_segments(_cues(text)) if _CUE.search(text) else {"text": _joined(text.split())}


def _from_json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProviderError(f"The program wrote JSON that cannot be read: {error}.") from error
    document: dict[str, Any] = cast("dict[str, Any]", value) if isinstance(value, dict) else {"segments": value}
    told = _dict(document.get("result")).get("language") or document.get("language")
    language = {"language": told} if isinstance(told, str) and told else {}
    spoken = _items(document, "transcription", "segments", "sentences")
    segments = [segment for segment in map(_segment, spoken) if segment]
    words = [word for word in map(_word, _items(document, "words") or _inner(spoken)) if word]
    whole = document.get("text")
    if not isinstance(whole, str) and not segments and not spoken and "transcription" not in document:
        raise ProviderError(
            f"The program wrote JSON without a text: {text[:_SHOWN]!r}. Known: text, segments, transcription."
        )
    result = _with_segments(segments) | language
    if isinstance(whole, str):
        result["text"] = _joined(whole.split())
    return {**result, "words": words} if words else result


def _segment(item: dict[str, Any]) -> dict[str, Any] | None:
    start, end = _times(item)
    text = item.get("text")
    if not isinstance(text, str) or start is None or end is None:
        return None
    return {"start": start, "end": max(start, end), "text": _joined(text.split())}


def _word(item: dict[str, Any]) -> dict[str, Any] | None:
    start, end = _times(item)
    text = item.get("word", item.get("text"))
    if not isinstance(text, str) or not text.strip() or start is None or end is None:
        return None
    chance = item.get("confidence", item.get("probability"))
    word = {"word": text.strip(), "start": start, "end": max(start, end)}
    return {**word, "confidence": chance} if isinstance(chance, int | float) and 0 <= chance <= 1 else word


def _times(item: dict[str, Any]) -> tuple[float | None, float | None]:
    offsets = _dict(item.get("offsets"))
    if offsets:
        return _number(offsets.get("from"), 1000), _number(offsets.get("to"), 1000)
    return _number(item.get("start"), 1), _number(item.get("end"), 1)


def _inner(spoken: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [word for segment in spoken for word in _items(segment, "words")]


def _cues(text: str) -> list[dict[str, Any]]:
    """Times with the lines that belong to them: those below, up to an empty one, or the rest of a line in brackets."""
    found: list[dict[str, Any]] = []
    inside = False
    for line in text.splitlines():
        cue = _CUE.fullmatch(line)
        if cue:
            start, end = _seconds(cue.groups()[:4]), _seconds(cue.groups()[4:8])
            in_brackets = cue[9] is not None
            found.append({"start": start, "end": max(start, end), "text": cue[10] if in_brackets else ""})
            inside = not in_brackets
        elif not line.strip():
            inside = False
        elif inside:
            found[-1]["text"] += f" {line}"
    return [{**cue, "text": _joined(_TAG.sub("", str(cue["text"])).split())} for cue in found]


def _with_segments(segments: list[dict[str, Any]]) -> dict[str, Any]:
    spoken = [segment for segment in segments if segment["text"]]
    heard = [{"id": number, **segment} for number, segment in enumerate(spoken)]
    result: dict[str, Any] = {"text": " ".join(segment["text"] for segment in spoken)}
    return {**result, "segments": heard} if heard else result


def _seconds(parts: "tuple[str | None, ...]") -> float:
    hours, minutes, seconds, rest = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((rest or "0").ljust(3, "0")) / 1000


def _number(value: Any, divisor: int) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9
    return value / divisor if is_number else None


def _items(document: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    lists = (document[name] for name in names if isinstance(document.get(name), list))
    return [cast("dict[str, Any]", item) for item in next(lists, ()) if isinstance(item, dict)]


def _dict(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _joined(words: list[str]) -> str:
    return " ".join(words)
