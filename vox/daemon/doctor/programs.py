"""Is the `vox` that is typed, and the `voxd` that clients start, this Vox? Other programs have had these names."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from vox.daemon.doctor.check import Check
from vox.paths import Home

__all__ = ["programs"]

_NAMES = {"vox": b"vox.cli.main", "voxd": b"vox.daemon"}
"""Command → what the launcher of ours imports."""
_LAUNCHER_MAX_BYTES = 1 << 20  # ours are scripts of some lines; on Windows, with a small program before them
_ENDINGS = ("", ".exe", ".cmd") if os.name == "nt" else ("",)
_OTHER_AGENT = "cc.voxd.daemon.plist"  # the launchd agent of the macOS program that Vox speaks the protocol of


def programs(home: Home) -> Iterable[Check]:
    """What the names stand for, as PATH is here."""
    return [*_on_path(), *_that_clients_prefer(home)]


def _on_path() -> Iterator[Check]:
    here = Path(sys.executable).parent
    for name, mark in _NAMES.items():
        found = list(_all_on_path(name))
        if not found:
            told, remedy = f"not on PATH; it is in {here}", ("Put it there", f'export PATH="{here}:$PATH"')
            yield Check(f"program {name}", "warning", told, remedy)
        elif not _is_ours(found[0], mark):
            remedy = ("Put ours first", f'export PATH="{here}:$PATH", or remove the other')
            told = f"{found[0]} is another program of that name, or of another Vox"
            yield Check(f"program {name}", "warning", told, remedy)
        else:
            others = [str(path) for path in found[1:] if not _is_ours(path, mark)]
            behind = f"; behind it on PATH, another: {', '.join(others)}" if others else ""
            yield Check(f"program {name}", "ok", f"{found[0]}{behind}")


def _that_clients_prefer(home: Home) -> Iterator[Check]:
    """Clients of the original look there before they look for `voxd` on PATH."""
    first = home.root / "bin" / "voxd"
    if first.exists() and not _is_ours(first, _NAMES["voxd"]):
        told = f"{first} is another daemon; some clients start it rather than this one"
        yield Check("program bin/voxd", "warning", told, ("Move it away", f"mv {first} {first}.other"))
    agent = Path.home() / "Library" / "LaunchAgents" / _OTHER_AGENT
    if agent.exists():
        remedy = ("Unload it", f"launchctl bootout gui/$UID {agent}")
        yield Check("program launch agent", "warning", f"{agent} starts another daemon at login", remedy)


def _all_on_path(name: str) -> Iterator[Path]:
    for folder in dict.fromkeys(filter(None, os.environ.get("PATH", "").split(os.pathsep))):
        for ending in _ENDINGS:
            program = Path(folder, name + ending)
            if program.is_file() and os.access(program, os.X_OK):
                yield program


def _is_ours(program: Path, mark: bytes) -> bool:
    """Whether it is the launcher of this very installation: it imports our module, with our Python."""
    real = program.resolve()
    if os.name == "nt":
        return real.parent == Path(sys.executable).parent
    try:
        with real.open("rb") as file:
            text = file.read(_LAUNCHER_MAX_BYTES)
    except OSError:
        return False
    return mark in text and os.fsencode(Path(sys.executable).parent) in text
