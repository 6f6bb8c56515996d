"""A folder that is ours alone: the socket and the spooled speech lie in it, possibly below a folder all users share."""

import os
import stat
from pathlib import Path

from vox.errors import ConfigError

__all__ = ["make_private"]


def make_private(folder: Path) -> None:
    """Make the folder if need be, and close it to everybody else.

    Raises:
        ConfigError: It cannot be made, or something there is not ours: a link, a file, another user's folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise _refusal(folder, "it is a link")
        if os.name == "posix" and status.st_uid != os.getuid():
            raise _refusal(folder, "it belongs to another user")
        folder.chmod(0o700)
    except OSError as error:
        raise _refusal(folder, error.strerror or str(error)) from error


def _refusal(folder: Path, why: str) -> ConfigError:
    return ConfigError(f"The folder {folder} cannot be used for the socket and the spool: {why}. Remove it.")
