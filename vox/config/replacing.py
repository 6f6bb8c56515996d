"""Putting a private file in the place of the one there is: at once, one program at a time, the old one kept."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from vox.errors import ConfigError

__all__ = ["change_file", "write_private"]

_LOCK_S = 5.0  # an edit takes milliseconds; whoever holds the lock longer is not editing


def change_file(path: Path, empty: str, edit: Callable[[str], tuple[str, int]]) -> int:
    """Put the edited text in the place of the file, and what was there beside it, as `NAME.bak`.

    Args:
        empty: The text of a file that is not there.
        edit: From the text to the new one, and how much was changed: with 0 nothing is written.

    Returns:
        How much was changed.

    Raises:
        ConfigError: The file cannot be read or written, or another program is editing it.
    """
    path = path.resolve()  # a link, as kept by those who keep their settings elsewhere, stays a link
    lock = FileLock(path.with_name(path.name + ".lock"), timeout=_LOCK_S, mode=0o600)
    try:
        with lock:
            before = path.read_bytes().decode("utf-8") if path.exists() else empty
            after, changed = edit(before)
            if changed:
                if path.exists():
                    write_private(path.with_name(path.name + ".bak"), before)
                write_private(path, after)
            return changed
    except Timeout:
        raise ConfigError(f"{path} is being edited by another program. Try again.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be edited: {error}. Mend it, then try again.") from error


def write_private(path: Path, text: str) -> None:
    """Put a private file in the place of the one there is, at once.

    Raises:
        OSError: The folder cannot be written.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
