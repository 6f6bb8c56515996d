"""Where espeak-ng is on this computer: a program on PATH, the one that `VOX_ESPEAK_BINARY` names, or a package."""

import os
from importlib.util import find_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._espeak_binary import EspeakBinary
    from vox_providers._espeak_library import EspeakLibrary

__all__ = ["engine", "find", "missing"]

_BINARIES = ("espeak-ng", "espeak")
_LIBRARY = "espeakng_loader"
_HOW_TO_INSTALL = (
    "Install your system's package espeak-ng (apt install espeak-ng, brew install espeak-ng), or the library: "
    'python -m pip install "voxhost[espeak]"'
)


def find() -> str | None:
    """What to speak with: the path of a program, the name of the library's package, or None."""
    import shutil  # slow to import, and most programs that import this module never get here

    named = os.environ.get("VOX_ESPEAK_BINARY")
    if named:
        return shutil.which(named)
    found = next(filter(None, map(shutil.which, _BINARIES)), None)
    return found or (_LIBRARY if find_spec(_LIBRARY) else None)


def missing() -> str:
    """What to do when there is none."""
    named = os.environ.get("VOX_ESPEAK_BINARY")
    if named:
        return f"VOX_ESPEAK_BINARY names {named!r}, which is no program: correct it, or remove it to use what is found."
    return f"Not installed. {_HOW_TO_INSTALL}"


def engine(source: str) -> "EspeakBinary | EspeakLibrary":
    """The engine that was found.

    Raises:
        ProviderError: The library does not load.
    """
    if source == _LIBRARY:
        from vox_providers._espeak_library import EspeakLibrary

        return EspeakLibrary()
    from vox_providers._espeak_binary import EspeakBinary

    return EspeakBinary(source)
