"""What an API in the manner of OpenAI's transcriptions is asked, and what its `verbose_json` says.

Source: "Create transcription" in the references of OpenAI and Groq.
"""

from __future__ import annotations

import math
import wave

from vox.provider import Call, ProviderError
from vox_providers._whisper_languages import LANGUAGES, whisper_language

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vox_providers._http import Vendor

__all__ = ["fields", "result", "sound"]


def fields(call: Call, translates: bool = False) -> dict[str, object]:
    """The form of the request, without the model and the file.

    Raises:
        ProviderError: Whisper does not know the language.
    """
    asked: dict[str, object] = {"response_format": "verbose_json"}
    language = whisper_language(call.language)
    if not translates:  # what comes out is English, and nothing else may be named
        asked |= {"language": language} if language else {}
        granular = ["word", "segment"] if call.params.get("words") is True else ["segment"]
        asked["timestamp_granularities[]"] = granular
    hotwords = call.params.get("hotwords")
    words = ", ".join(word for word in hotwords if isinstance(word, str)) if isinstance(hotwords, list) else ""
    prompt = " ".join(text for text in (call.params.get("prompt"), words) if isinstance(text, str) and text)
    temperature = call.params.get("temperature")
    if isinstance(temperature, int | float) and not isinstance(temperature, bool) and 0 <= temperature <= 1:
        asked["temperature"] = str(temperature)
    return asked | ({"prompt": prompt} if prompt else {})


def sound(call: Call, largest: int) -> bytes:
    """The recording as it is sent; empty when nothing can be heard in it because it holds no samples.

    Raises:
        ProviderError: It cannot be read, or is larger than `largest` bytes (`unsupported_audio`).
    """
    try:
        with wave.open(call.path, "rb") as reader:
            frames, rate = reader.getnframes(), reader.getframerate()
        with open(call.path, "rb") as file:
            data = file.read(largest + 1)
    except (OSError, wave.Error, EOFError) as problem:
        raise ProviderError(f"The recording cannot be read: {problem}.", code="unsupported_audio") from None
    if len(data) > largest:
        message = f"The recording is larger than the {largest >> 20} MB that one request may have: send it in parts."
        raise ProviderError(message, code="unsupported_audio", limit=largest)
    call.metrics["audioDurationMs"] = frames / rate * 1000
    return data if frames else b""


def result(call: Call, vendor: Vendor, body: Any, asked: dict[str, object]) -> dict[str, object]:
    """The transcript in the words of the protocol.

    Raises:
        ProviderError: It is none (`provider_misbehaved`).
    """
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise vendor.failure("answered without a text", "provider_misbehaved")
    told: dict[str, object] = {"text": text.strip(), "segments": _pieces(body.get("segments"), "text")}
    language = _language(body.get("language")) or asked.get("language")
    if call.params.get("task") == "translate":
        language = "en"
    told |= {"language": language} if language else {}
    used = {name: call.params[name] for name in ("prompt", "hotwords") if call.params.get(name)}
    told["used"] = used | ({"language": asked["language"]} if asked.get("language") else {})
    confidence = _confidence(body.get("segments"))
    if confidence is not None:
        told["confidence"] = confidence
    if call.params.get("words") is True:
        told["words"] = [
            {"word": one["text"], "start": one["start"], "end": one["end"]}
            for one in _pieces(body.get("words"), "word")
        ]
    return told


def _pieces(found: Any, name: str) -> list[dict[str, Any]]:
    """Texts with times; what has none is left out."""
    pieces: list[dict[str, Any]] = []
    for one in found if isinstance(found, list) else ():
        text, times = (one.get(name), _times(one)) if isinstance(one, dict) else (None, None)
        if isinstance(text, str) and text.strip() and times:
            pieces.append({"id": len(pieces), "start": times[0], "end": times[1], "text": text.strip()})
    return pieces


def _times(one: dict[str, Any]) -> tuple[float, float] | None:
    start, end = _number(one.get("start")), _number(one.get("end"))
    return None if start is None or end is None or start < 0 else (round(start, 3), round(max(start, end), 3))


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None


def _confidence(segments: Any) -> float | None:
    """The mean probability of a token, each segment weighing as much as it lasts; None where it is not told."""
    total = weight = 0.0
    for one in segments if isinstance(segments, list) else ():
        times, value = (_times(one), _number(one.get("avg_logprob"))) if isinstance(one, dict) else (None, None)
        if times and value is not None:
            length = max(times[1] - times[0], 0.01)  # seconds; a segment without length still counts a little
            total, weight = total + length * value, weight + length
    return round(min(1.0, math.exp(total / weight)), 4) if weight else None


def _language(told: Any) -> str | None:
    """The code of a language that an API names by its code or by its English name."""
    word = told.strip().lower() if isinstance(told, str) else ""
    return word if word in LANGUAGES else _NAMED.get(word)


_NAMES = """english chinese german spanish russian korean french japanese portuguese turkish polish catalan dutch arabic
swedish italian indonesian hindi finnish vietnamese hebrew ukrainian greek malay czech romanian danish hungarian tamil
norwegian thai urdu croatian bulgarian lithuanian latin maori malayalam welsh slovak telugu persian latvian bengali
serbian azerbaijani slovenian kannada estonian macedonian breton basque icelandic armenian nepali mongolian bosnian
kazakh albanian swahili galician marathi punjabi sinhala khmer shona yoruba somali afrikaans occitan georgian belarusian
tajik sindhi gujarati amharic yiddish lao uzbek faroese haitian_creole pashto turkmen nynorsk maltese sanskrit
luxembourgish myanmar tibetan tagalog malagasy assamese tatar hawaiian lingala hausa bashkir javanese sundanese"""
_OTHERS = {"mandarin": "zh", "burmese": "my", "castilian": "es", "cantonese": "yue"}
_NAMED = {name.replace("_", " "): code for name, code in zip(_NAMES.split(), LANGUAGES, strict=True)} | _OTHERS
