"""Which Whisper models faster-whisper can run, where their files lie, and how to get them. Imports no model library.

A model is a folder in CTranslate2's layout. It is looked for in `VOX_FASTER_WHISPER_MODELS`, which holds a folder for
each model (`base`, `large-v3`, …), else in `<models>/faster-whisper`; see `_places`. A folder of another name there is
a model too: somebody's own. Source of the repositories' names: faster-whisper 1.2.1.
"""

import os
from pathlib import Path
from typing import NamedTuple

from vox.provider import Call, ProviderError
from vox_providers._places import models_folder
from vox_providers._whisper_languages import LANGUAGES

__all__ = [
    "FILES",
    "PREFIX",
    "VARIABLE",
    "Model",
    "find_model",
    "install_model",
    "is_whole",
    "list_models",
    "repository",
]

PREFIX = "faster-whisper:"
"""In front of every id."""

VARIABLE = "VOX_FASTER_WHISPER_MODELS"
"""Names the folder of the models' folders."""

_NEEDED = (("config.json",), ("model.bin",), ("tokenizer.json",), ("vocabulary.json", "vocabulary.txt"))
"""Of each group one file. Without tokenizer.json the library would ask the hub for one."""
_FEATURES = "preprocessor_config.json"  # tells of 128 mel bands instead of 80
FILES = frozenset(name for group in _NEEDED for name in group) | {_FEATURES}
"""All that belong to a model."""

_SIZES = {  # name → repository on the hub, megabytes
    "base": ("Systran/faster-whisper-base", 148),
    "tiny": ("Systran/faster-whisper-tiny", 78),
    "tiny.en": ("Systran/faster-whisper-tiny.en", 78),
    "base.en": ("Systran/faster-whisper-base.en", 148),
    "small": ("Systran/faster-whisper-small", 486),
    "small.en": ("Systran/faster-whisper-small.en", 486),
    "medium": ("Systran/faster-whisper-medium", 1530),
    "medium.en": ("Systran/faster-whisper-medium.en", 1530),
    "large-v1": ("Systran/faster-whisper-large-v1", 3090),
    "large-v2": ("Systran/faster-whisper-large-v2", 3090),
    "large-v3": ("Systran/faster-whisper-large-v3", 3090),
    "large-v3-turbo": ("mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1620),
    "distil-small.en": ("Systran/faster-distil-whisper-small.en", 336),
    "distil-medium.en": ("Systran/faster-distil-whisper-medium.en", 792),
    "distil-large-v2": ("Systran/faster-distil-whisper-large-v2", 1520),
    "distil-large-v3": ("Systran/faster-distil-whisper-large-v3", 1520),
    "distil-large-v3.5": ("distil-whisper/distil-large-v3.5-ct2", 1520),
}
_ALIASES = {"large": "large-v3", "turbo": "large-v3-turbo"}


class Model(NamedTuple):
    """A model, here or not.

    Attributes:
        name: Of its folder.
        folder: Where its files are or would go.
        installed: Whether they are all there.
    """

    name: str
    folder: Path
    installed: bool

    @property
    def id(self) -> str:
        """What callers name it by."""
        return PREFIX + self.name

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639 codes; the distilled models were trained on English alone."""
        return ("en",) if self.name.endswith(".en") or self.name.startswith("distil-") else LANGUAGES

    @property
    def translates(self) -> bool:
        """Whether it can write English for what was said in another language; turbo was not trained to."""
        return len(self.languages) > 1 and "turbo" not in self.name

    def to_wire(self, available: bool, preloaded: bool) -> dict[str, object]:
        """The model as the protocol shows it."""
        download = f" A download of {_SIZES[self.name][1]} MB." if self.name in _SIZES and not self.installed else ""
        present = (self.folder / name for name in FILES if self.installed)
        size = sum(file.stat().st_size for file in present if file.is_file())
        return {
            "id": self.id,
            "name": f"Whisper {self.name} (CTranslate2)",
            "installed": self.installed,
            "available": available,
            "preloaded": preloaded,
            "languages": list(self.languages),
            "sampleRate": 16000,
            "words": True,
            "features": ["translate"] if self.translates else [],
            "description": f"OpenAI Whisper run by faster-whisper; weights MIT.{download}",
            **({"sizeBytes": size} if self.installed else {"remedy": f"vox models install {self.id}"}),
        }


def list_models() -> list[Model]:
    """All that can be had by name, and the folders that hold others; those that are here first."""
    root = _root()
    own = [folder.name for folder in root.iterdir() if folder.is_dir()] if root.is_dir() else []
    models = [_model(root, name) for name in _SIZES]
    models += [model for name in sorted(own) if name not in _SIZES and (model := _model(root, name)).installed]
    return sorted(models, key=lambda model: not model.installed)


def find_model(model_id: str) -> Model:
    """The model with this id or one of its other names.

    Raises:
        ProviderError: `model_not_found`, naming ids that look like it.
    """
    name = model_id.removeprefix(PREFIX)
    name = _ALIASES.get(name, name)
    found = {model.id: model for model in list_models()}
    if PREFIX + name in found and model_id.startswith(PREFIX):
        return found[PREFIX + name]
    import difflib

    near = difflib.get_close_matches(model_id, found, n=3, cutoff=0.6)
    message = f"There is no model {model_id!r} here. Did you mean {' or '.join(near or list(found)[:3])}?"
    raise ProviderError(message, code="model_not_found", nearest=near)


def repository(name: str) -> str | None:
    """The hub's repository with the files of a model; None for somebody's own."""
    return _SIZES[name][0] if name in _SIZES else None


def is_whole(folder: Path, name: str) -> bool:
    """Whether the folder has every file that the model of this name needs."""
    whole = all(any((folder / file).is_file() for file in group) for group in _NEEDED)
    wide = "v3" in name or "turbo" in name  # without the file the library would compute 80 bands and fail
    return whole and (not wide or (folder / _FEATURES).is_file())


def install_model(call: Call) -> None:
    """Get the files of `call.model_id` from the hub: what is missing, damaged or was interrupted.

    Raises:
        ProviderError: See `Hub.files` and `Download.run`; `model_not_found` for a model that the hub does not have.
    """
    from vox_providers._download import Download
    from vox_providers._hub import Hub, Patience

    model = find_model(call.model_id)
    repo = repository(model.name)
    if repo is None:
        return  # somebody's own folder: complete, or it would not be listed
    hub, patience = Hub.from_env(), Patience(call)
    files = [file for file in hub.files(repo, patience) if file.path in FILES]
    names = {file.path for file in files}
    for group in _NEEDED:
        if names.isdisjoint(group):
            raise ProviderError(f"The repository {repo} has no file {' or '.join(group)}; is HF_ENDPOINT right?")
    files.sort(key=lambda file: (file.path == "config.json", -file.size))  # without config.json none counts as whole
    Download(hub, files, model.folder, call, patience).run()


def _root() -> Path:
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else models_folder("faster-whisper")


def _model(root: Path, name: str) -> Model:
    return Model(name, root / name, is_whole(root / name, name))
