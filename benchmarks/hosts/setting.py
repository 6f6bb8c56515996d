"""What the workers need before they can start: a compiled child, and a Python that has the MCP SDK."""

import os
import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

__all__ = ["MCP_VERSION", "make_child", "mcp_python"]

MCP_VERSION = "2.3.0"
"""The latest release when the goals were set."""

_HERE = Path(__file__).parent
_PEERS = _HERE.parent / ".venv" / f"mcp-{MCP_VERSION}"  # apart, so that the SDK's dependencies are not ours


def make_child(folder: Path) -> tuple[list[str], str]:
    """The command of the provider child, and in what it is written: C, compiled into `folder`, else Python."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    program = folder / "child"
    if compiler is not None:
        built = subprocess.run([compiler, "-O2", "-o", program, _HERE / "child.c"], capture_output=True, check=False)
        if built.returncode == 0:
            return [str(program)], "C"
    return [sys.executable, "-S", str(_HERE / "child.py")], "Python"


def mcp_python() -> str | None:
    """A Python with the MCP SDK: the one `VOX_BENCH_MCP_PYTHON` names, this one, or a new environment beside the
    benchmarks. None when it cannot be installed."""
    if named := os.environ.get("VOX_BENCH_MCP_PYTHON"):
        return named
    if find_spec("mcp") is not None:
        return sys.executable
    python = _PEERS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    marker = _PEERS / "complete"
    if not marker.exists():
        print(f"installing mcp {MCP_VERSION} into an environment of its own …", file=sys.stderr)
        venv.create(_PEERS, with_pip=True, clear=True)
        command = [python, "-m", "pip", "install", "--quiet", f"mcp=={MCP_VERSION}"]
        if subprocess.run(command, check=False).returncode:
            return None
        marker.touch()
    return str(python)
