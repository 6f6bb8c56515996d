"""Which way imports point, by contract, and what stays out of a process that does not need it, by looking."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def imported_by(statement: str) -> set[str]:
    """The top-level and `vox.*` modules a fresh interpreter holds after the statement."""
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import vox", {"asyncio", "pydantic", "numpy", "anyio", "structlog"}),
        ("import vox.errors, vox.types", {"asyncio", "pydantic", "numpy", "anyio", "structlog"}),
        ("import vox.paths", {"asyncio", "pydantic", "numpy", "anyio", "structlog", "platformdirs"}),
        ("import vox.config", {"anyio", "numpy", "starlette", "uvicorn"}),
        ("import vox.protocol.peer, vox.protocol.provider", {"anyio", "asyncio", "numpy", "starlette", "structlog"}),
        ("import vox.host.supervisor", {"numpy", "soundfile", "starlette", "uvicorn"}),
        ("import vox.runtime.runtime", {"numpy", "soundfile", "soxr", "onnxruntime", "starlette", "uvicorn"}),
        (
            "import vox.daemon.app",
            {"numpy", "soundfile", "soxr", "onnxruntime", "onnx_asr", "sounddevice", "av", "rich", "httpx"},
        ),
        ("import vox.llm.completions, vox.llm.listing", {"httpx", "anyio", "numpy", "starlette"}),
        ("import vox.llm.current", {"vox.llm.completions", "vox.llm.presets", "httpx"}),
        ("import vox.cli.main", {"asyncio", "anyio", "pydantic", "numpy", "structlog", "starlette", "onnxruntime"}),
        ("import vox.client", {"asyncio", "anyio", "pydantic", "numpy", "structlog"}),
        ("import vox.provider", {"anyio", "pydantic", "numpy", "structlog", "orjson"}),
    ],
)
def test_what_is_not_needed_is_not_loaded(statement: str, absent: set[str]) -> None:
    assert not imported_by(statement) & absent


def test_the_daemon_does_not_load_a_provider_program() -> None:
    loaded = imported_by("import vox.daemon.app; from vox.host.command import builtins; assert builtins()")
    assert not [name for name in loaded if name.startswith("vox_providers")]
