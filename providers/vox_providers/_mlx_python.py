"""Which Python has mlx-audio, and how it is started. mlx-audio needs many packages, so it lives in its own environment.

VOX_MLX_AUDIO_PYTHON names its Python; the virtual environment around it is inferred. With VOX_MLX_AUDIO_USE_UV=1, uv
makes an environment for it (VOX_MLX_AUDIO_UV names the uv to use).
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

__all__ = ["Start", "find"]

_SCRIPT = str(Path(__file__).with_name("_mlx_bridge.py"))
_LOOK_S = 15.0  # for a Python to say whether it has a package
_LOOK = "import importlib.util, sys; sys.exit(0 if importlib.util.find_spec('mlx_audio') else 7)"
_YES = ("1", "true", "yes", "on")
_NOT_PASSED_ON = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")  # they belong to another Python

_with_package: set[str] = set()


class Start(NamedTuple):
    """How to start the bridge.

    Attributes:
        argv: What to run; empty when it cannot be run.
        environment: Variables that differ for it; an empty one is to be absent.
        fault: Why it cannot be run, and what to do.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    fault: str = ""


def find() -> Start:
    """How to start the bridge, as the environment says."""
    if os.environ.get("VOX_MLX_AUDIO_USE_UV", "").lower() in _YES:
        return _with_uv(os.environ.get("VOX_MLX_AUDIO_UV") or "uv")
    named = os.environ.get("VOX_MLX_AUDIO_PYTHON", "")
    python = shutil.which(os.path.expanduser(named) or "python3")
    if python is None:
        told = (
            f"VOX_MLX_AUDIO_PYTHON names {named!r}, which is no program." if named else "There is no python3 on PATH."
        )
        return Start((), {}, f"{told} Set VOX_MLX_AUDIO_PYTHON to the Python that has mlx-audio.")
    fault = "" if _has_package(python) else _absent(python)
    return Start((python, "-u", _SCRIPT), _surroundings(Path(python)), fault)


def _with_uv(named: str) -> Start:
    uv = shutil.which(os.path.expanduser(named))
    if uv is None:
        return Start(
            (), {}, f"VOX_MLX_AUDIO_USE_UV is set, and there is no {named!r}: install uv, or set VOX_MLX_AUDIO_UV."
        )
    argv = (uv, "run", "--no-project", "--with", "mlx-audio", "python", "-u", _SCRIPT)
    return Start(argv, _cleared())


def _surroundings(python: Path) -> dict[str, str]:
    """The virtual environment that the Python belongs to, if it does."""
    home = python.parent.parent
    if not (home / "pyvenv.cfg").is_file():
        return _cleared()
    path = os.pathsep.join((str(python.parent), os.environ.get("PATH", os.defpath)))
    return {**_cleared(), "VIRTUAL_ENV": str(home), "PATH": path}


def _cleared() -> dict[str, str]:
    return {**dict.fromkeys(_NOT_PASSED_ON, ""), "PYTHONUNBUFFERED": "1"}


def _has_package(python: str) -> bool:
    """Whether that Python finds mlx-audio; nothing is imported. Once it does, nobody asks again."""
    if python in _with_package:
        return True
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    nothing = subprocess.DEVNULL
    try:
        done = subprocess.run(
            [python, "-c", _LOOK],
            env=environment,
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            timeout=_LOOK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    if done.returncode == 0:
        _with_package.add(python)
    return done.returncode == 0


def _absent(python: str) -> str:
    if (sys.platform, platform.machine()) != ("darwin", "arm64"):
        here = f"{platform.system()} on {platform.machine()}"
        return f"mlx-audio is not installed for {python}, and runs on Apple silicon only; this is {here}."
    return f"mlx-audio is not installed for {python}: {python} -m pip install mlx-audio"
