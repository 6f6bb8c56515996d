"""The keys of vendors: which variables the bundled programs read them from. Source: the vendors' own documents."""

from collections.abc import Container
from types import MappingProxyType

__all__ = ["KEYS", "passed_on"]

KEYS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "openai": ("OPENAI_API_KEY",),
        "openai-tts": ("OPENAI_API_KEY",),
        "elevenlabs": ("ELEVENLABS_API_KEY",),
        "minimax": ("MINIMAX_API_KEY",),
        "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_API_KEY"),
        "groq": ("GROQ_API_KEY",),
        "nvidia": ("NV_API_KEY", "NVIDIA_API_KEY"),
    }
)
"""Bundled program → the variables that may hold its key, the preferred one first."""

_SETTINGS = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_ASR_TIMEOUT_SECONDS"),
    "openai-tts": ("OPENAI_BASE_URL", "OPENAI_TTS_TIMEOUT_SECONDS"),
    "elevenlabs": ("ELEVENLABS_BASE_URL", "ELEVENLABS_OUTPUT_FORMAT"),
    "minimax": ("MINIMAX_BASE_URL",),
    "gemini": ("GEMINI_BASE_URL", "GOOGLE_GENAI_BASE_URL", "GEMINI_TTS_TIMEOUT_SECONDS"),
    "groq": ("GROQ_BASE_URL", "GROQ_TTS_TIMEOUT_SECONDS", "GROQ_ASR_TIMEOUT_SECONDS"),
    "nvidia": (
        *("NVIDIA_BASE_URL", "NVIDIA_TTS_URL", "NVIDIA_SYNTHESIZE_URL", "NVIDIA_VOICES_URL"),
        "NVIDIA_TTS_TIMEOUT_SECONDS",
    ),
}
"""Bundled program → what else it reads. Names that begin with VOX_ reach every program."""


def passed_on(program: str | None, own: Container[str]) -> tuple[str, ...]:
    """The variables of the daemon that a bundled program is given.

    Args:
        own: What its entry has under `env`. One that names any of the program's keys, be it with nothing in it, keeps
            those of the daemon away.
    """
    keys = KEYS.get(program or "", ())
    fenced = any(name in own for name in keys)
    return (*(() if fenced else keys), *_SETTINGS.get(program or "", ()))
