"""Piper's voices on this computer, and how to get more. Imports no model library.

A voice is `NAME.onnx` with `NAME.onnx.json` beside it. They are looked for in the folder `VOX_PIPER_VOICES`, else
`<models>/piper` (see `_places`), at any depth, and inside installed Python packages whose name holds `piper`. Names on
the hub: language_REGION-speaker-quality. Source: the layout of `rhasspy/piper-voices` and piper-tts 1.8.0.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from vox.provider import Call, ProviderError
from vox_providers._places import models_folder

__all__ = [
    "PREFIX",
    "VARIABLE",
    "Voice",
    "find_voice",
    "home_of",
    "install_voice",
    "list_voices",
    "read_voice",
    "voices_folder",
]

PREFIX = "piper:"
"""In front of every model id: each voice is a model of its own."""

VARIABLE = "VOX_PIPER_VOICES"
"""Names the folder with voices."""

_REPOSITORY = "rhasspy/piper-voices"
_NAME = re.compile(r"(?P<family>[a-z]{2,3})_(?P<region>[A-Z]{2,3})-(?P<speaker>[^-/\\.]+)-(?P<quality>[a-z_]+)")
_LARGEST_SETTINGS = 4 << 20  # bytes; a voice of 900 speakers has 0.1 MB
_KNOWN = """
en_US-lessac-medium en_US-amy-medium en_US-ryan-high en_GB-alan-medium en_GB-alba-medium de_DE-thorsten-medium
es_ES-davefx-medium es_MX-ald-medium fr_FR-siwis-medium it_IT-paola-medium nl_NL-mls-medium pl_PL-gosia-medium
pt_BR-faber-medium ru_RU-irina-medium sv_SE-nst-medium tr_TR-dfki-medium uk_UA-ukrainian_tts-medium zh_CN-huayan-medium
""".strip().split()
"""Some of the hub's voices, to choose from; any other may be installed by its name."""


class Voice(NamedTuple):
    """A voice, here or not.

    Attributes:
        name: Such as `en_US-joe-medium`.
        path: Its model; None when it is not here.
        settings: What its JSON file says; empty when it is not here.
    """

    name: str
    path: Path | None
    settings: dict[str, Any]

    @property
    def id(self) -> str:
        """The model it is."""
        return PREFIX + self.name

    @property
    def language(self) -> str:
        """BCP 47, as far as settings or name tell."""
        told = self.settings.get("language", {})
        code = told.get("code") if isinstance(told, dict) else None
        match = re.match(r"([a-z]{2,3})[_-]([A-Z]{2,3})(?![A-Za-z])", str(code or self.name))
        espeak = self.settings.get("espeak", {}).get("voice")
        return f"{match[1]}-{match[2]}" if match else str(espeak or "und")

    @property
    def rate(self) -> int:
        """Samples per second."""
        return int(self.settings.get("audio", {}).get("sample_rate", 22050))

    @property
    def speakers(self) -> dict[str, int]:
        """Name → number of each speaker, of a voice that has several; else empty."""
        named = self.settings.get("speaker_id_map") or {}
        many = int(self.settings.get("num_speakers", 1)) > 1
        return {str(name): int(number) for name, number in named.items()} if many else {}


def voices_folder() -> Path:
    """Where voices are found and installed."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else models_folder("piper")


def list_voices() -> list[Voice]:
    """The voices that are here, then some that can be installed."""
    found: dict[str, Voice] = {}
    for root in (voices_folder(), *_packages()):
        for path in _models_within(root):
            voice = read_voice(path)
            if voice is not None:
                found.setdefault(voice.name, voice)
    return [*found.values(), *(Voice(name, None, {}) for name in _KNOWN if name not in found)]


def read_voice(path: Path) -> Voice | None:
    """The voice of a model file; None when it has no settings that can be read."""
    beside = path.with_name(f"{path.name}.json")
    try:
        if beside.stat().st_size > _LARGEST_SETTINGS:
            return None
        settings = json.loads(beside.read_bytes())
    except (OSError, ValueError):
        return None
    usable = (
        path.is_file()
        and isinstance(settings, dict)
        and isinstance(settings.get("audio"), dict)
        and "phoneme_id_map" in settings
    )
    return Voice(path.name.removesuffix(".onnx"), path, settings) if usable else None


def home_of(name: str) -> str | None:
    """The folder in which a voice lies, on the hub and here, as a path inside; None for somebody's own."""
    match = _NAME.fullmatch(name)
    return match and f"{match['family']}/{match['family']}_{match['region']}/{match['speaker']}/{match['quality']}"


def find_voice(model_id: str) -> Voice:
    """The voice with this id.

    Raises:
        ProviderError: `model_not_found`, naming ids that look like it.
    """
    known = {voice.id: voice for voice in list_voices()}
    name = model_id.removeprefix(PREFIX)
    if model_id in known:
        return known[model_id]
    if model_id.startswith(PREFIX) and _NAME.fullmatch(name):
        return Voice(name, None, {})
    import difflib

    near = difflib.get_close_matches(model_id, known, n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Its voices are called like {PREFIX}{_KNOWN[0]}."
    raise ProviderError(f"Piper has no model {model_id!r}. {hint}", code="model_not_found", nearest=near)


def install_voice(call: Call) -> None:
    """Get the two files of the voice `call.model_id` from the hub: what is missing, damaged or was interrupted.

    Raises:
        ProviderError: See `Hub.files` and `Download.run`; `model_not_found` when the hub has no such voice.
    """
    from vox_providers._download import Download
    from vox_providers._hub import Hub, Patience

    voice = find_voice(call.model_id)
    folder = home_of(voice.name)
    if folder is None:
        return  # somebody's own voice, and here, or it would not have been found
    wanted = [f"{folder}/{voice.name}.onnx", f"{folder}/{voice.name}.onnx.json"]
    hub, patience = Hub.from_env(), Patience(call)
    files = {file.path: file for file in hub.files(_REPOSITORY, patience) if file.path in wanted}
    if len(files) < len(wanted):
        raise ProviderError(
            f"The repository {_REPOSITORY} has no voice {voice.name}; its page lists them.", code="model_not_found"
        )
    Download(hub, [files[path] for path in wanted], voices_folder(), call, patience).run()


def _models_within(root: Path) -> list[Path]:
    """At any depth; not in hidden folders, where files are on their way."""
    return sorted(path for path in root.rglob("*.onnx") if not any(p[0] == "." for p in path.relative_to(root).parts))


def _packages() -> list[Path]:
    """Folders of installed packages that may hold voices, found by their names; none is imported."""
    places = [Path(place) for place in sys.path if place.endswith("site-packages")]
    return sorted(
        folder
        for place in places
        for folder in place.glob("*piper*")
        if folder.is_dir() and folder.suffix not in (".dist-info", ".egg-info") and folder.name != "piper"
    )
