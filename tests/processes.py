"""What is left of processes that a test started, wherever they have got to."""

import contextlib
import os
from pathlib import Path


def marked(mark: str | Path) -> list[int]:
    """Processes whose environment mentions `mark`, as every provider's does its home: children that left their group,
    changed their parent or closed their pipes are found as well. Zombies have no environment left. Empty where the
    system has no /proc."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(process.name) != os.getpid() and os.fsencode(mark) in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def group_alive(group: int) -> bool:
    """Whether a process of that group runs; one that waits to be reaped, perhaps by a slow init, does not."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    processes = list(Path("/proc").glob("[0-9]*"))
    return not processes or any(_is_member(process, group) for process in processes)


def _is_member(process: Path, group: int) -> bool:
    try:
        state, _, its_group = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:3]
    except OSError:
        return False
    return int(its_group) == group and state != "Z"


def zombies() -> list[int]:
    """Children of this process that ended and were not reaped."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
            if state == "Z" and int(parent) == os.getpid():
                found.append(int(process.name))
    return found


def descriptors() -> int:
    """Open file descriptors of this process; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(os.listdir(folder)) if folder.exists() else 0


def resident() -> int:
    """Bytes of memory this process has in use; 0 where the system does not tell."""
    file = Path("/proc/self/statm")
    return int(file.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE") if file.exists() else 0


def forget_peak() -> None:
    """Begin a new measurement for `peak`."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak() -> int:
    """The most bytes of memory that were in use since `forget_peak`; 0 where the system does not tell."""
    file = Path("/proc/self/status")
    lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
