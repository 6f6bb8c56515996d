"""The models and voices that mlx-audio is asked for, from the environment or as they are published.

Models are repositories of a hub, or folders. Voices of Kokoro and Qwen3-TTS are those their publishers list.
"""

import json
import os
from pathlib import Path
from typing import Any, cast

__all__ = [
    "asr_models",
    "default_voice",
    "is_here",
    "language_code",
    "number",
    "spoken_language",
    "tts_models",
    "voices",
]

_ASR = (
    "mlx-community/parakeet-tdt-0.6b-v3",
    "mlx-community/whisper-large-v3-turbo-asr-fp16",
    "mlx-community/Qwen3-ASR-0.6B-8bit",
)
_TTS = (
    "mlx-community/Kokoro-82M-bf16",
    "mlx-community/Qwen3-TTS-12Hz-0.6B-CustomVoice-8bit",
    "mlx-community/Voxtral-4B-TTS-2603-mlx-4bit",
    "mlx-community/csm-1b",
)
_VOICES = {
    "kokoro": "af_heart af_bella af_nicole af_sarah af_sky am_adam am_echo am_michael am_puck bf_emma bf_isabella "
    "bm_fable bm_george bm_lewis",
    "qwen3-tts": "Vivian Serena Uncle_Fu Dylan Eric Ryan Aiden Ono_Anna Sohee",
    "voxtral": "casual_male casual_female",
}
_KOKORO = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh",
}
"""The letter that is Kokoro's code of a language, and the first of its voices' names."""

_PREFIX = "VOX_MLX_AUDIO_"


def asr_models() -> list[str]:
    """Models that recognise, the default one first."""
    return _listed("ASR_MODELS") or list(_ASR)


def tts_models() -> list[str]:
    """Models that speak, the default one first."""
    return _listed("TTS_MODELS") or list(_TTS)


def voices(model: str) -> list[dict[str, Any]]:
    """The voices of a model, the default one first: `{id, name, language?}`.

    VOX_MLX_AUDIO_TTS_VOICES_JSON overrides them: a list of names or of such objects, or an object that has such a list
    for each model.
    """
    named = _configured(model) or [{"id": name} for name in _published(model)] or [{"id": "default"}]
    complete = [{"name": voice["id"], **_tongue(model, voice["id"]), **voice} for voice in named]
    wanted = os.environ.get(f"{_PREFIX}TTS_DEFAULT_VOICE")
    if wanted and not any(voice["id"] == wanted for voice in complete):
        complete.append({"id": wanted, "name": wanted, **_tongue(model, wanted)})
    return sorted(complete, key=lambda voice: voice["id"] != wanted) if wanted else complete


def default_voice(model: str) -> str | None:
    """The voice when none is asked for; None leaves it to the model."""
    first = str(voices(model)[0]["id"])
    return None if first == "default" else first


def language_code(model: str, voice: str | None, language: str | None) -> str | None:
    """What the model takes for the language: Kokoro letters, the others the tag itself."""
    if "kokoro" not in model.lower():
        return language or _setting("TTS_LANG_CODE", "LANG_CODE")
    if language:
        wanted = language.replace("_", "-").lower()
        exact = next((letter for letter, tag in _KOKORO.items() if tag.lower() == wanted), None)
        alike = (letter for letter, tag in _KOKORO.items() if tag.lower().partition("-")[0] == wanted.partition("-")[0])
        return exact or next(alike, None)
    return _setting("TTS_LANG_CODE", "LANG_CODE") or (voice[0] if voice and voice[0] in _KOKORO else None)


def number(name: str) -> int | None:
    """A whole number above 0 from the environment; nonsense counts as none."""
    value = os.environ.get(_PREFIX + name, "")
    return int(value) if value.isdecimal() and int(value) > 0 else None


def spoken_language(language: str | None) -> str | None:
    """The language a recognition is told, without its region."""
    wanted = language or _setting("STT_LANGUAGE", "LANGUAGE")
    return wanted.replace("_", "-").partition("-")[0].lower() if wanted else None


def is_here(model: str) -> bool:
    """Whether the model's files are on this computer: a folder, or a snapshot in the hub's cache."""
    if Path(model).expanduser().is_dir():
        return True
    snapshots = _cache() / f"models--{model.replace('/', '--')}" / "snapshots"
    return snapshots.is_dir() and any(any(folder.iterdir()) for folder in snapshots.iterdir() if folder.is_dir())


def _cache() -> Path:
    """The hub's cache, by the variables its library reads."""
    named = os.environ.get("HF_HUB_CACHE")
    if named:
        return Path(named).expanduser()
    home = os.environ.get("HF_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "hub" if home else Path(cache).expanduser() / "huggingface" / "hub"


def _listed(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(_PREFIX + name, "").split(",") if part.strip()]


def _setting(*names: str) -> str | None:
    return next(filter(None, (os.environ.get(_PREFIX + name) for name in names)), None)


def _configured(model: str) -> list[dict[str, Any]]:
    try:
        told: Any = json.loads(os.environ.get(f"{_PREFIX}TTS_VOICES_JSON", "null"))
    except ValueError:
        return []
    found: Any = cast("dict[str, Any]", told).get(model) if isinstance(told, dict) else told
    items = cast("list[Any]", found) if isinstance(found, list) else []
    named = [{"id": item} if isinstance(item, str) else item for item in items]
    return [
        cast("dict[str, Any]", item) for item in named if isinstance(item, dict) and isinstance(item.get("id"), str)
    ]


def _published(model: str) -> list[str]:
    return next((names.split() for part, names in _VOICES.items() if part in model.lower()), [])


def _tongue(model: str, voice: str) -> dict[str, str]:
    language = _KOKORO.get(voice[:1]) if "kokoro" in model.lower() else None
    return {"language": language} if language else {}
