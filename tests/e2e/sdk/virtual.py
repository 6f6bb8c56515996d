"""Programs that are installed for a test, each in its own virtual environment, gone at its end."""

import shutil
import subprocess
import sys
import venv
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["installed"]

_INSTALL_S = 600.0


@contextmanager
def installed(folder: Path, *packages: str) -> Generator[Path]:
    """A new virtual environment with these packages; its interpreter."""
    venv.create(folder)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *packages],
        capture_output=True,
        encoding="utf-8",
        timeout=_INSTALL_S,
    )
    assert done.returncode == 0, done.stderr
    yield python
    shutil.rmtree(folder)
