"""Which program a command is to start by itself, without a daemon: one that is configured, or one that is named."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vox.errors import InvalidRequest
from vox.paths import Home

if TYPE_CHECKING:
    from vox.config import Configuration, ProviderEntry
    from vox.types import Kind

__all__ = ["Program", "configured", "named"]


class Program(NamedTuple):
    """What to start, in what surroundings, and as what."""

    argv: list[str]
    environment: dict[str, str]
    folder: Path
    kind: "Kind | None"


def configured(provider: str, kind: "Kind | None") -> Program:
    """The program of an entry of providers.json, with its environment and folder; or a built-in by its name.

    Raises:
        InvalidRequest: There is none of that name, or two, and `kind` does not say which.
        ConfigError: The entry cannot be used as it is.
        ProviderUnavailable: The program was not found.
    """
    from vox.config import load
    from vox.daemon.providers import make_spec
    from vox.host.command import builtins, is_builtin, resolve_argv

    home, installed = Home.from_env(), builtins()
    home.ensure()  # its folder is where the program is started
    configuration = load(home, partial(is_builtin, installed=installed))
    entry = _entry(configuration, provider, kind) or _builtin(provider, kind, installed)
    spec = make_spec(entry, configuration, home, installed)
    argv = resolve_argv(spec.argv, spec.environment, spec.folder)
    return Program(argv, dict(spec.environment), spec.folder, entry.kind if provider in _ids(configuration) else kind)


def named(command: Sequence[str], kind: "Kind | None", extra: Sequence[str] = ()) -> Program:
    """A program of any kind, started in the current folder with the environment that Vox would give it.

    Args:
        extra: Variables to add: `NAME=VALUE`, or `NAME` for the value it has here.

    Raises:
        InvalidRequest: A variable has no value.
        ProviderUnavailable: The program was not found.
    """
    from vox.host.command import child_environment, resolve_argv

    home = Home.from_env()
    own = {"VOX_CACHE": str(home.cache), "VOX_MODELS": str(home.models), **dict(map(_variable, extra))}
    environment = child_environment(own)
    return Program(resolve_argv(command, environment, Path.cwd()), environment, Path.cwd(), kind)


def _entry(configuration: "Configuration", provider: str, kind: "Kind | None") -> "ProviderEntry | None":
    found = [entry for entry in configuration.entries if entry.id == provider and kind in (None, entry.kind)]
    if len(found) > 1:
        raise InvalidRequest(f"{provider} is configured for asr and for tts. Choose with --kind.")
    return found[0] if found else None


def _builtin(provider: str, kind: "Kind | None", installed: dict[str, str]) -> "ProviderEntry":
    from vox.config import ProviderEntry
    from vox.config.builtins import builtin_name
    from vox.host.command import is_builtin

    if not is_builtin(provider, installed):
        known = ", ".join(sorted(installed))
        raise InvalidRequest(
            f"There is no provider {provider!r} in providers.json, and no built-in of that name ({known}). "
            "A program that is not configured goes after two dashes: -- python3 mine.py"
        )
    meant = kind or ("asr" if builtin_name(provider, "asr") in installed else "tts")
    # Without checks: the built-in `command` may have its command line in the environment.
    return ProviderEntry.model_construct(id=provider, kind=meant, builtin=True)


def _ids(configuration: "Configuration") -> set[str]:
    return {entry.id for entry in configuration.entries}


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        if name not in os.environ:
            raise InvalidRequest(f"--env {name}: there is no variable of that name here. Write {name}=VALUE.")
        value = os.environ[name]
    return name, value
