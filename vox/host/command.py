"""What to run for a provider, and what it may see of the daemon's environment.

A child gets an allow-list of variables, its entry's own `env`, and, for a built-in, the key names that built-in
declares. Tokens of the daemon itself never travel.
"""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

from vox.config.builtins import BUILTINS, builtin_name
from vox.errors import ConfigError, ProviderUnavailable

__all__ = ["builtin_argv", "builtins", "child_environment", "is_builtin", "resolve_argv"]

_ALLOWED_NAMES = """
PATH HOME LANG TMPDIR TEMP TMP USER LOGNAME SHELL TERM TZ HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy
no_proxy CUDA_VISIBLE_DEVICES OMP_NUM_THREADS PYTHONPATH VIRTUAL_ENV LD_LIBRARY_PATH DYLD_LIBRARY_PATH
SystemRoot SYSTEMROOT SystemDrive ComSpec COMSPEC PATHEXT windir WINDIR APPDATA LOCALAPPDATA USERPROFILE
ProgramData ProgramFiles NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE
"""
_ALLOWED = frozenset(_ALLOWED_NAMES.split())
_ALLOWED_PREFIXES = ("LC_", "XDG_", "SSL_CERT_", "HF_", "VOX_")
_SECRET_MARKS = ("TOKEN", "SECRET", "PASSWORD", "API_KEY")


def builtins() -> dict[str, str]:
    """Provider id → module, from the entry points of every installed distribution. Nothing is imported."""
    return {point.name: point.value for point in entry_points(group="vox.providers")}


def is_builtin(provider: str, installed: Mapping[str, str]) -> bool:
    """Whether a bundled program of that name is installed, or of a name it stands for as either kind."""
    return any(builtin_name(provider, kind) in installed for kind in BUILTINS)


def builtin_argv(provider: str, installed: Mapping[str, str]) -> list[str]:
    """The command of a bundled program, by its own name. `-P` keeps the working directory off its import path.

    Raises:
        ConfigError: No built-in of that name is installed.
    """
    module = installed.get(provider)
    if module is None:
        known = ", ".join(sorted(installed)) or "none"
        raise ConfigError(f"There is no built-in provider {provider!r}. Installed: {known}.")
    return [sys.executable, "-P", "-m", module]


def resolve_argv(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> list[str]:
    """The command with its program found: on the child's PATH, or relative to the folder of providers.json.

    Raises:
        ProviderUnavailable: There is no such program.
    """
    program = command[0]
    if os.sep in program or (os.altsep and os.altsep in program):
        found = shutil.which(os.fspath(folder / Path(program).expanduser()))
    else:
        found = shutil.which(program, path=environment.get("PATH", os.defpath))
    if found is None:
        raise ProviderUnavailable(
            f"The program {program!r} was not found on PATH. Install it, or write its full path in providers.json.",
            command=list(command),
        )
    return [found, *command[1:]]


def child_environment(
    own: Mapping[str, str], inherited: Mapping[str, str] | None = None, declared: Sequence[str] = ()
) -> dict[str, str]:
    """The child's environment: what the allow-list lets through, then `declared` key names, then the entry's own."""
    source = os.environ if inherited is None else inherited
    passed = {name: value for name, value in source.items() if _passes(name) or name in declared}
    return {**passed, "PYTHONUNBUFFERED": "1", **own}


def _passes(name: str) -> bool:
    if name in _ALLOWED:
        return True
    return name.startswith(_ALLOWED_PREFIXES) and not any(mark in name for mark in _SECRET_MARKS)
