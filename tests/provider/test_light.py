"""What a provider's start may load: little enough that it starts about as fast as the bare interpreter."""

import json
import subprocess
import sys

HEAVY = {"asyncio", "enum", "json", "re", "threading", "traceback", "typing", "numpy", "pydantic", "anyio", "structlog"}


def _loaded(*modules: str) -> set[str]:
    before = f"import sys; kept = set(sys.modules); import runpy, {', '.join(modules)}; now = set(sys.modules) - kept"
    script = f"{before}; import json; print(json.dumps(sorted(now)))"
    output = subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True, timeout=30).stdout
    return set(json.loads(output))


def test_the_kit_loads_nothing_heavy() -> None:
    assert not _loaded("vox.provider") & HEAVY


def test_a_provider_without_an_engine_loads_nothing_heavy() -> None:
    assert not _loaded("vox_providers.tone") & HEAVY
