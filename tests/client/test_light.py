"""The client costs an application its own modules and the standard library, and no event loop."""

import subprocess
import sys

FORBIDDEN = {"asyncio", "anyio", "pydantic", "structlog", "numpy", "orjson", "click", "rich", "starlette", "websockets"}
LAYERS = ("runtime", "host", "daemon", "doors", "audio", "protocol", "config", "log", "cli")

PROGRAM = """
import sys
from vox import Client
with Client(sys.argv[1], start=False) as client:
    assert client.transcribe(sys.argv[2]).text == "second1"
    assert client.synthesize("hello").audio and list(client.synthesize_stream("hello"))
    assert client.voices() and client.models() and client.status()
print(*sys.modules)
"""


def test_neither_importing_nor_using_it_loads_the_runtime(shared, second):
    command = [sys.executable, "-P", "-c", PROGRAM, str(shared.root), str(second)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=30, check=True)
    loaded = set(done.stdout.split())
    assert "vox.client.api" in loaded
    assert not FORBIDDEN & loaded
    assert not {name for name in loaded if f"{name}.".startswith(tuple(f"vox.{layer}." for layer in LAYERS))}


def test_the_package_loads_nothing_before_it_is_used():
    program = "import vox, sys; print(*sys.modules); vox.Client; print(vox.Client.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, timeout=30
    )
    before, used = done.stdout.splitlines()
    assert not {name for name in before.split() if name.startswith("vox.")}
    assert used == "vox.client.api"
