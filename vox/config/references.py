"""Values of an entry's `env` that stand for something kept elsewhere, so that no key need be in the file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from vox.errors import ConfigError

__all__ = ["resolve_references"]

_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")


def resolve_references(values: Mapping[str, str]) -> dict[str, str]:
    """`"${env:NAME}"` becomes that variable of the daemon, `"${file:PATH}"` the file's text without its line end.

    Raises:
        ConfigError: The variable is not set, or the file cannot be read.
    """
    return {name: _resolve(name, value) for name, value in values.items()}


def _resolve(name: str, value: str) -> str:
    return _REFERENCE.sub(lambda match: _look_up(name, *match.groups()), value)


def _look_up(name: str, kind: str, target: str) -> str:
    if kind == "env":
        if target not in os.environ:
            raise ConfigError(f"env {name} refers to the variable {target}, which is not set for the daemon.")
        return os.environ[target]
    try:
        return Path(target).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigError(f"env {name} refers to the file {target}, which cannot be read: {error.strerror}.") from error
