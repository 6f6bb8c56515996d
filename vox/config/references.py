"""Values of an entry's `env` that stand for something kept elsewhere, so that no key need be in the file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from vox.errors import ConfigError

__all__ = ["refers", "resolve_references"]

_REFERENCE = re.compile(r"\$\{(env|file|keyring):([^}]+)\}")


def resolve_references(values: Mapping[str, str], folder: Path | None = None) -> dict[str, str]:
    """`"${env:NAME}"` becomes that variable of the daemon, `"${file:PATH}"` the file's text without its line end.

    Args:
        folder: What relative paths are relative to; default: the working folder.

    Raises:
        ConfigError: The variable is not set, the file cannot be read, or the kind of reference is not supported.
    """
    base = folder or Path()
    return {name: _resolve(name, value, base) for name, value in values.items()}


def refers(name: str, value: str) -> bool:
    """Whether a value stands for something kept elsewhere, wherever that is.

    Raises:
        ConfigError: The kind of reference is not supported.
    """
    found = _REFERENCE.search(value)
    if found is not None and found.group(1) == "keyring":
        raise _no_keyring(name)
    return found is not None


def _resolve(name: str, value: str, base: Path) -> str:
    return _REFERENCE.sub(lambda match: _look_up(name, match.group(1), match.group(2), base), value)


def _look_up(name: str, kind: str, target: str, base: Path) -> str:
    if kind == "keyring":  # passed on as it is, it would reach a vendor as a key
        raise _no_keyring(name)
    if kind == "env":
        if target not in os.environ:
            raise ConfigError(f"env {name} refers to the variable {target}, which is not set for the daemon.")
        return os.environ[target]
    try:
        return (base / Path(target).expanduser()).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: no text, or no path; RuntimeError: no such user
        reason = error.strerror if isinstance(error, OSError) else "it is not text, or not the name of a file"
        raise ConfigError(f"env {name} refers to the file {target!r}, which cannot be read: {reason}.") from None


def _no_keyring(name: str) -> ConfigError:
    return ConfigError(f"env {name} refers to the keyring, which this version cannot read: use ${{env:…}} or file.")
