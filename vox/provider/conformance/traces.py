"""What a process left behind: descendants that are still alive after it."""

import contextlib
import os
import signal
import sys
from pathlib import Path

__all__ = ["MARK", "left_of", "remove"]

MARK = "VOX_CHECK_RUN"
"""Variable whose value tells the descendants of one run from every other process."""


def left_of(group: int, mark: str) -> list[int]:
    """Process ids of what is alive of the group or carries the mark; empty where the system shows neither.

    A process that left the group keeps the environment it was started with, which Linux shows.
    """
    if sys.platform.startswith("linux"):
        return [process for process in _processes() if _belongs(process, group, mark)]
    return [group] if _group_alive(group) else []


def remove(group: int, mark: str) -> None:
    """End what is left."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    if sys.platform.startswith("linux"):
        for process in left_of(group, mark):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def _belongs(process: int, group: int, mark: str) -> bool:
    """Whether a process is ours and alive; one that waits to be collected is not."""
    with contextlib.suppress(OSError):
        state, _, of_group = (Path(f"/proc/{process}/stat").read_bytes().rpartition(b") ")[2].split())[:3]
        if state in (b"Z", b"X"):
            return False
        if int(of_group) == group:
            return True
        variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
        return os.fsencode(f"{MARK}={mark}") in variables
    return False


def _group_alive(group: int) -> bool:
    if sys.platform == "win32":
        return False
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # the second is macOS's word for a group of zombies
        return False
    return True
