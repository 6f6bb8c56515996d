"""The names of the bundled programs: what each is called here, and by which names the published documents call it.

One name may mean two programs: `openai` recognises as `asr` and is `openai-tts` as `tts`. Source: the published list of
built-in ids and their aliases.
"""

import difflib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from vox.types import Kind

__all__ = ["BUILTINS", "builtin_name", "kind_of", "kinds_of", "nearest_builtins"]

_MLX_NAMES = ("mlx_audio", "mlx-audio-stt", "mlx_audio_stt", "mlx-audio-tts", "mlx_audio_tts")

BUILTINS: MappingProxyType[Kind, MappingProxyType[str, tuple[str, ...]]] = MappingProxyType(
    {
        "asr": MappingProxyType(
            {
                "moonshine": ("moonshine-asr",),
                "parakeet": ("parakeet-asr",),
                "whisper": (),
                "faster-whisper": (),
                "openai": ("openai-asr", "openai-transcribe"),
                "groq": ("groq-asr",),
                "elevenlabs": ("eleven-labs", "elevenlabs-asr"),
                "mlx-audio": _MLX_NAMES,
                "command": (),
                "tone": (),
            }
        ),
        "tts": MappingProxyType(
            {
                "hibari": (),
                "espeak": (),
                "kokoro": (),
                "piper": (),
                "system": ("avspeech", "avspeechsynthesizer", "apple-tts", "system-tts"),
                "openai-tts": ("openai",),
                "elevenlabs": ("elevenlabs-tts", "eleven-labs", "eleven-labs-tts"),
                "minimax": ("minimax-tts",),
                "nvidia": ("nvidia-tts", "magpie", "magpie-tts", "nvidia-magpie"),
                "groq": ("groq-tts",),
                "gemini": ("gemini-tts", "google-tts", "google-gemini-tts"),
                "mlx-audio": _MLX_NAMES,
                "command": (),
                "tone": (),
            }
        ),
    }
)
"""Kind → the program's name → its other names. Programs of other packages are not here; they go by their own name."""

_NEAREST = 3
_ALIKE = 0.6  # of difflib's ratio: "mosnhine" finds "moonshine", "nobody" finds nothing

_MEANT = {
    kind: {alias: name for name, aliases in names.items() for alias in aliases} for kind, names in BUILTINS.items()
}


def builtin_name(name: str, kind: Kind) -> str:
    """What the program is called here that `name` means for that kind; a name that is no alias means itself."""
    return _MEANT[kind].get(name, name)


def kinds_of(name: str) -> list[Kind]:
    """What the bundled program of that name, or of these names, does; nothing for one of another package."""
    return [kind for kind, names in BUILTINS.items() if name in names or name in _MEANT[kind]]


def kind_of(entry: Mapping[str, Any]) -> Any:
    """The kind of an entry as it is written: what it says, be it right or wrong; else what its bundled program does,
    where that is one thing alone; else `asr`."""
    if "kind" in entry:
        return entry["kind"]
    builtin, name = entry.get("builtin"), entry.get("id")
    program = name if builtin is True else builtin
    kinds = kinds_of(program) if isinstance(program, str) and not entry.get("command") else []
    return kinds[0] if len(kinds) == 1 else "asr"


def nearest_builtins(name: str, kind: Kind, installed: Callable[[str], bool]) -> list[str]:
    """Names of installed programs of that kind that look like `name`, the most alike first; aliases included."""
    names = {alias: program for program, aliases in BUILTINS[kind].items() for alias in (program, *aliases)}
    alike = difflib.get_close_matches(name.casefold(), names, n=_NEAREST, cutoff=_ALIKE)
    return list(dict.fromkeys(names[match] for match in alike if installed(names[match])))
