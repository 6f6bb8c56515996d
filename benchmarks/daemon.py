"""A daemon in a home of its own, called through the client."""

import os
import subprocess
import sys
import time
from pathlib import Path

from vox.client import Client

__all__ = ["Daemon"]

_LIMIT_S = 30


class Daemon:
    """Runs while its context lasts."""

    client: Client

    def __init__(self, home: Path) -> None:
        self._home = home

    def __enter__(self) -> "Daemon":
        environment = {**os.environ, "VOX_HOME": str(self._home), "VOX_PORT": "0", "VOX_ALIAS_PORTS": "0"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "vox.daemon"], env=environment, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + _LIMIT_S
        while not (self._home / "runtime.json").exists():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the daemon did not start")
            time.sleep(0.01)
        self.client = Client(self._home, start=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(_LIMIT_S)
