"""Importing and removing voices of Piper. Both keep to the place where `install` puts a voice."""

from pathlib import Path

from vox.provider import Call
from vox_providers._keep import check_ours, folders_within, put, take_away, unfit
from vox_providers._piper_voices import PREFIX, VARIABLE, Voice, home_of, read_voice, voices_folder

__all__ = ["fitting", "import_voice", "remove_voice"]


def fitting(path: str) -> list[str]:
    """The ids of the voices in the folder, or below it, that have a name as on the hub."""
    return [PREFIX + name for name in _found(path) if home_of(name)]


def import_voice(voice: Voice, call: Call) -> None:
    """Take a voice from `call.path`.

    Raises:
        ProviderError: It is not there, or it is somebody's own and here already; see `put`.
    """
    home, found = home_of(voice.name), _found(call.path)
    if home is None:
        raise unfit(f"{voice.id} has no name as Piper's voices have, and is here already: {voice.path}.")
    if voice.name not in found:
        there = f" It holds {', '.join(PREFIX + name for name in found)}." if found else ""
        raise unfit(
            f"{call.path} does not hold {voice.id}; wanted, in one folder: {voice.name}.onnx, {voice.name}.onnx.json."
            f"{there}"
        )
    path = found[voice.name]
    files = {f"{home}/{file.name}": file for file in (path, _settings(path))}
    put(files, voices_folder(), call)


def remove_voice(voice: Voice) -> None:
    """Delete a voice that install or import has brought.

    Raises:
        ProviderError: It is somebody's own, or a package's; or see `take_away`.
    """
    check_ours(voice.id, voices_folder(), VARIABLE)
    home = home_of(voice.name)
    path = voices_folder() / f"{home}/{voice.name}.onnx"
    if voice.path is not None and (home is None or voice.path != path):
        raise unfit(f"{voice.path} was not brought by Vox: delete it yourself, or the package that it is in.")
    names = [f"{home}/{file.name}" for file in (_settings(path), path)]
    take_away(voices_folder(), names, begun=f"{path.name}*.part")


def _found(path: str) -> dict[str, Path]:
    """Name → model file of the whole voices, the nearest first."""
    found: dict[str, Path] = {}
    for folder in folders_within(path):
        for file in sorted(folder.glob("*.onnx")):
            voice = read_voice(file)
            if voice is not None:
                found.setdefault(voice.name, file)
    return found


def _settings(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")
