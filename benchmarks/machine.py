"""The machine a run was made on, as far as a reader needs it: no names, no paths."""

import os
import platform
import sys
from pathlib import Path

__all__ = ["cores", "describe"]


def cores() -> list[int]:
    """The processor cores this process may use; empty where the system does not say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def describe() -> dict[str, str]:
    """Cores, processor, memory, system and Python."""
    facts = {
        "cores": str(len(cores()) or os.cpu_count() or 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }
    if memory := _memory_gib():
        facts["memory"] = f"{memory:.0f} GiB"
    return facts


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
