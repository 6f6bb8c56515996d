"""What a service runs: this Python's daemon, with the environment that leads it to the same home and programs."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from vox.paths import Home

__all__ = ["PLACES", "Program", "left_out", "program_of"]

PLACES = ("VOX_HOME", "VOX_RUNTIME_PATH", "VOX_CACHE", "VOX_MODELS")
"""Variables that say where things lie. They come along. Settings belong into config.json."""

_OF_A_COMMAND = ("VOX_DEBUG",)  # means the command that is typed, not the daemon


class Program(NamedTuple):
    """A program and its environment beyond the manager's own."""

    argv: tuple[str, ...]
    environment: dict[str, str]


def program_of(home: Home, source: Mapping[str, str] | None = None, *, windowless: bool = False) -> Program:
    """The daemon of that home.

    Args:
        source: The environment of whoever installs the service.
        windowless: Take the interpreter that opens no console window, where there is one.
    """
    given = os.environ if source is None else source
    places = {name: str(Path(given[name]).expanduser().absolute()) for name in PLACES[1:] if given.get(name)}
    if home.root != Path.home() / ".vox":
        places["VOX_HOME"] = str(home.root)
    # A manager's own PATH lacks ~/.local/bin and Homebrew; the programs of providers.json are looked up there.
    folders = dict.fromkeys(filter(os.path.isabs, given.get("PATH", "").split(os.pathsep)))
    path = os.pathsep.join(folders)
    interpreter = Path(sys.executable)
    if windowless and (silent := interpreter.with_name("pythonw.exe")).exists():
        interpreter = silent
    return Program((str(interpreter), "-P", "-m", "vox.daemon"), {**({"PATH": path} if path else {}), **places})


def left_out(source: Mapping[str, str] | None = None) -> list[str]:
    """Settings in the environment that the service will not get."""
    given = os.environ if source is None else source
    return sorted(name for name in given if name.startswith("VOX_") and name not in (*PLACES, *_OF_A_COMMAND))
