"""The home: can it be written, is it private, is there room?"""

import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from vox.daemon.doctor.check import Check
from vox.paths import Home

__all__ = ["disk", "home_folder", "permissions"]

_FOLDER, _FILE = 0o700, 0o600
_SECRET = re.compile(r"key|token|secret|password", re.IGNORECASE)

_MIB = 1 << 20
_LITTLE = 1024 * _MIB  # less than the weights of a large model
_TOO_LITTLE = 50 * _MIB  # a log and half an hour of spooled speech


def home_folder(home: Home) -> Check:
    """Make the home if need be."""
    try:
        home.ensure()
    except OSError as error:
        told = f"{home.root} cannot be made: {error.strerror}"
        return Check("home", "error", told, ("Choose another home", "set VOX_HOME"))
    if not os.access(home.root, os.W_OK):
        told = f"{home.root} cannot be written"
        return Check("home", "error", told, ("Make it yours", f"sudo chown -R $USER {home.root}"))
    return Check("home", "ok", str(home.root))


def permissions(home: Home) -> Iterable[Check]:
    """Whether others can read what is nobody's business: tokens, keys, and what was said."""
    if os.name != "posix" or not home.root.is_dir():
        return []
    wide = [*_wider(_FOLDER, home.root, home.logs), *_wider(_FILE, *_private(home))]
    if not wide:
        return [Check("permissions", "ok", "what is private is yours alone")]
    shown = ", ".join(f"{path} ({stat.S_IMODE(path.stat().st_mode):04o})" for path in wide)
    remedy = "chmod go-rwx " + " ".join(map(str, wide))
    return [Check("permissions", "warning", f"others may use {shown}", ("Close them", remedy))]


def disk(home: Home) -> Iterable[Check]:
    """Room where models, records and spooled speech are kept, each file system once."""
    folders = {_device(folder): folder for folder in map(_existing, (home.models, home.runtime_dir, home.root))}
    for folder in folders.values():
        free = shutil.disk_usage(folder).free
        told = f"{free / (1 << 30):.1f} GiB free at {folder}"
        remedy = ("Make room", "vox models shows what is installed; VOX_MODELS and VOX_HOME name other places")
        if free < _TOO_LITTLE:
            yield Check("disk", "error", told, remedy)
        elif free < _LITTLE:
            yield Check("disk", "warning", told, remedy)
        else:
            yield Check("disk", "ok", told)


def _private(home: Home) -> Iterator[Path]:
    yield from (home.runtime_json, home.performance_jsonl, home.history_jsonl, home.lock)
    yield from sorted(home.logs.glob("*.log"))
    yield from (path for path in (home.providers_json, home.config_json) if _holds_secret(path))


def _holds_secret(path: Path) -> bool:
    """Whether a key or token stands in the file itself, rather than where it is kept."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False  # told by the check of the configuration
    return _has_secret(document)


def _has_secret(value: object, name: str = "") -> bool:
    if isinstance(value, dict):
        return any(_has_secret(inner, str(key)) for key, inner in value.items())
    if isinstance(value, list):
        return any(_has_secret(inner) for inner in value)
    return isinstance(value, str) and bool(value) and bool(_SECRET.search(name)) and not value.startswith("${")


def _wider(mode: int, *paths: Path) -> Iterator[Path]:
    for path in paths:
        try:
            if stat.S_IMODE(path.stat().st_mode) & ~mode:
                yield path
        except OSError:
            continue  # not there, or gone meanwhile


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)


def _device(folder: Path) -> int:
    return folder.stat().st_dev
