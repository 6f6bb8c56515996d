"""Changing `origins.json`, the user's own list of web pages. The daemon looks at it again by itself."""

import json
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout

from vox.config.origins import check_origin, normal_origin
from vox.config.replacing import write_private
from vox.errors import ConfigError

__all__ = ["edit_origins", "listed_origins"]

_LOCK_S = 5.0  # an edit takes milliseconds; whoever holds the lock longer is not editing


def listed_origins(path: Path) -> list[str]:
    """What the file lists, as it is written there.

    Raises:
        ConfigError: It cannot be read, or is no list of origins.
    """
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. Mend it, then try again.") from None
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        value = fields.get("origins", [fields["origin"]] if "origin" in fields else None)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in cast("list[Any]", value)):
        raise ConfigError(f'{path} holds no list of origins. Write {{"origins": ["https://example.com"]}}.')
    return cast("list[str]", value)


def edit_origins(path: Path, origin: str, *, listed: bool) -> bool:
    """Put an origin on the list, or take it off. Returns whether that changed anything.

    Raises:
        InvalidRequest: It is no origin.
        ConfigError: The file cannot be read or written.
    """
    wanted = check_origin(origin)
    path = path.resolve()  # a link, as kept by those who keep their settings elsewhere, stays a link
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(path.with_name(path.name + ".lock"), timeout=_LOCK_S, mode=0o600):
            before = listed_origins(path)
            after = [other for other in before if normal_origin(other) != wanted] + [wanted] * listed
            if sorted(map(str, map(normal_origin, before))) == sorted(map(str, map(normal_origin, after))):
                return False
            write_private(path, json.dumps({"origins": after}, indent=2, ensure_ascii=False) + "\n")
            return True
    except Timeout:
        raise ConfigError(f"{path} is being edited by another program. Try again.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be edited: {error}. Mend it, then try again.") from error
