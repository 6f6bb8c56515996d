"""Are the packages there that the providers in force need?"""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from vox.config import Configuration, ProviderEntry
from vox.config.load import defaults
from vox.daemon.doctor.check import Check
from vox.host.command import builtins, is_builtin
from vox.paths import Home

__all__ = ["packages", "unwritten"]

_OF_A_BUILTIN = {
    "moonshine": ("moonshine_voice", "local"),
    "hibari": ("hibari", "local"),
    "parakeet": ("onnx_asr", "parakeet"),
    "whisper": ("onnx_asr", "whisper"),
    "espeak": ("espeakng_loader", "espeak"),
}
"""Built-in → the package its engine is in, and the extra that brings it."""

_ESPEAK = ("espeak-ng", "espeak")


def packages(home: Home, configuration: Configuration) -> Iterable[Check]:
    """What is missing. For entries of providers.json that is a warning; built-ins that are used because nothing else
    was configured may be incomplete."""
    by_default = unwritten(home)
    found = [_containers()]
    for entry in configuration.entries:
        found += _of_entry(entry, chosen=(entry.id, entry.kind) not in by_default)
    return found


def unwritten(home: Home) -> set[tuple[str, str]]:
    """Id and kind of each built-in that is used because nothing else was configured."""
    installed = builtins()
    return {(str(entry["id"]), str(entry["kind"])) for entry in defaults(home, lambda n: is_builtin(n, installed))}


def _of_entry(entry: ProviderEntry, chosen: bool) -> Iterator[Check]:
    name = f"package {entry.id}"
    if entry.placement is not None and find_spec("ray") is None:
        yield Check(name, "warning", "Ray is not installed, and its processes are to run there", _extra("ray"))
    program = _engine_of(entry.program)
    package, extra = _OF_A_BUILTIN.get(program or "", ("", ""))
    if not package:
        return
    if program == "espeak" and (speaks := _espeak(entry)):
        yield Check(name, "ok", speaks)
    elif find_spec(package) is None:
        detail = "neither espeak-ng nor its library is installed" if program == "espeak" else f"{package} is missing"
        yield Check(name, "warning" if chosen else "ok", f"{detail}: {entry.id} has no model", _extra(extra))
    else:
        yield Check(name, "ok", f"{package} is installed")


def _engine_of(program: str | None) -> str | None:
    """The voice of the system is espeak-ng's where the system has none of its own."""
    return "espeak" if program == "system" and sys.platform not in ("darwin", "win32") else program


def _espeak(entry: ProviderEntry) -> str | None:
    named = entry.env.get("VOX_ESPEAK_BINARY") or os.environ.get("VOX_ESPEAK_BINARY")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, _ESPEAK)), None)


def _containers() -> Check:
    if find_spec("av") is not None:
        return Check("containers", "ok", "m4a, mp4, webm and aac can be read")
    detail = "m4a, mp4, webm and aac cannot be read; WAV, FLAC, OGG, Opus and MP3 can"
    return Check("containers", "warning", detail, _extra("av"))


def _extra(extra: str) -> tuple[str, str]:
    return "Install the extra", f'pip install "voxhost[{extra}]"'
