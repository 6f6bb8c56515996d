"""What was found as one JSON object, with how and on what machine."""

import os
import platform
from pathlib import Path
from typing import Any

from vox.bench.comparison import Comparison, Task

__all__ = ["document"]


def document(task: Task, found: Comparison, folder: Path | None) -> dict[str, Any]:
    """The whole comparison under the wire's names: `recognisers` and `speakers` are lists, empty for what was not asked
    for. Rates and factors are fractions, times milliseconds, sizes bytes; null is what could not be measured."""
    return {
        "cold": task.cold,
        "interrupted": found.interrupted,
        "language": task.language or "en",
        "runs": task.runs,
        "machine": {
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.release()}",
            "architecture": platform.machine(),
            "python": platform.python_version(),
        },
        "data": {"folder": str(folder), "files": len(task.recordings)} if task.recordings else None,
        "sentences": len(task.sentences) if task.speakers else 0,
        "recognisers": [one.facts() for one in found.recognisers],
        "speakers": [one.facts() for one in found.speakers],
    }
