"""The voices of the hibari package, read from its own list without importing it.

The package ships one voice; the others are models of the same size that its command line fetches into its cache folder.
Source: `assets/voices.json` and `hibari.voices` of hibari-tts 0.2.1.
"""

import json
import os
import sys
from importlib.util import find_spec
from typing import NamedTuple

__all__ = ["Voice", "find_voice", "read_voices"]


class Voice(NamedTuple):
    """A voice of hibari.

    Attributes:
        id: What callers name it by, such as `af_heart`: accent and gender, then the name.
        package_name: What the package calls it, such as `heart`.
        language: BCP 47.
        gender: `female` or `male`.
        path: Its model; the file may not be there yet.
        size: Bytes of the model.
        bundled: Whether it comes inside the package.
    """

    id: str
    package_name: str
    language: str
    gender: str
    path: str
    size: int
    bundled: bool

    @property
    def available(self) -> bool:
        """Whether it can speak now."""
        return os.path.isfile(self.path)

    def to_wire(self, model_id: str) -> dict[str, object]:
        """The voice as the protocol shows it."""
        return {
            "id": self.id,
            "name": self.package_name.capitalize(),
            "language": self.language,
            "gender": self.gender,
            "modelId": model_id,
            "available": self.available,
            "default": self.bundled,
        }


def read_voices() -> list[Voice]:
    """Every voice the installed package knows, the bundled one first; empty when it is not installed."""
    spec = find_spec("hibari")
    if spec is None or not spec.submodule_search_locations:
        return []
    assets = os.path.join(spec.submodule_search_locations[0], "assets")
    with open(os.path.join(assets, "voices.json"), encoding="utf-8") as file:
        listed = json.load(file)
    voices = [
        Voice(
            id=entry["kokoro"],
            package_name=name,
            language=entry["language"],
            gender=entry["gender"],
            path=os.path.join(assets if entry.get("bundled") else _cache(), entry["file"]),
            size=entry["bytes"],
            bundled=bool(entry.get("bundled")),
        )
        for name, entry in listed.items()
    ]
    return sorted(voices, key=lambda voice: not voice.bundled)


def find_voice(voices: list[Voice], name: str) -> Voice | None:
    """The voice with this id or package name, whatever its case."""
    wanted = name.casefold()
    return next((voice for voice in voices if wanted in (voice.id, voice.package_name)), None)


def _cache() -> str:
    """Where the package keeps fetched voices."""
    home = os.environ.get("HIBARI_HOME")
    if home:
        return home
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "hibari")
