"""Whether somebody else may write a configuration file, and so decide what Vox runs or whom it trusts."""

import os
import stat
from pathlib import Path

__all__ = ["may_be_written_by_others"]


def may_be_written_by_others(path: Path) -> bool:
    """True when users besides the owner may write the file. The owner's private group does not count: many systems
    give every user one, together with a umask that lets it write.

    Raises:
        OSError: There is no such file.
    """
    if os.name != "posix":
        return False
    status = path.stat()
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private_group(status.st_gid, status.st_uid)


def _is_private_group(group: int, owner: int) -> bool:
    """The convention of useradd: a group with its only user's name, and nobody else in it."""
    import grp
    import pwd

    try:
        name, members = pwd.getpwuid(owner).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return members.gr_name == name and set(members.gr_mem) <= {name}
