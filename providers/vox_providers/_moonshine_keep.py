"""Importing and removing the weights of Moonshine, where they do not come with the package."""

import os
import re
from pathlib import Path

from vox.provider import Call
from vox_providers._keep import folders_within, put, take_away, unfit
from vox_providers._moonshine_files import FILES, MODEL, check_model, find_folder, is_whole, own_folder

__all__ = ["fitting", "import_weights", "remove_weights"]

_LARGEST = 60 << 20  # bytes of both graphs: those of `tiny` have 44 MB, those of `base` thrice as many
_FOREIGN = re.compile(r"(tiny|base)-(?!en)[a-z]{2}")  # what the package calls the folders of other languages


def fitting(path: str) -> list[str]:
    """The one model, if its files lie in the folder, or below it."""
    return [MODEL] if _found(path) else []


def import_weights(call: Call) -> None:
    """Take the three files from `call.path`.

    Raises:
        ProviderError: Another model is asked for, or they are not there; see `put`.
    """
    check_model(call)
    found = _found(call.path)
    if found is None:
        raise unfit(f"{call.path} holds no files of {MODEL}; wanted, in one folder: {', '.join(FILES)}.")
    put({name: found / name for name in FILES}, Path(own_folder()), call)


def remove_weights(call: Call) -> None:
    """Delete the three files that an import has brought.

    Raises:
        ProviderError: Another model is asked for, or the files are the package's; or see `take_away`.
    """
    check_model(call)
    own = Path(own_folder())
    if find_folder() and not any(os.path.lexists(own / name) for name in FILES):
        raise unfit(f"The files of {MODEL} came with the package moonshine-voice: its installer removes them.")
    take_away(own, reversed(FILES))


def _found(path: str) -> Path | None:
    whole = (folder for folder in folders_within(path) if is_whole(str(folder)))
    return next((folder for folder in whole if _is_tiny(folder) and not _FOREIGN.fullmatch(folder.name)), None)


def _is_tiny(folder: Path) -> bool:
    return sum((folder / name).stat().st_size for name in FILES) < _LARGEST
