"""A provider program as a process: lines in, lines out."""

import json
import os
import queue
import subprocess
import sys
import threading
from typing import Any

_PATIENCE_S = 30.0


class Program:
    """Runs `python -P -m MODULE`; use it in a `with` block, which closes its standard input and waits for its end.

    Args:
        module: The provider's module.
        environment: Added to the environment, without what a user's shell may have set for Vox.
    """

    def __init__(self, module: str, environment: dict[str, str]) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VOX_", "HF_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**inherited, **environment},
        )
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._stderr: list[bytes] = []
        self._drain = threading.Thread(target=lambda: self._stderr.append(self._process.stderr.read()))
        self._drain.start()
        self.notifications: list[dict[str, Any]] = []
        self._next = 0

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.stdin.close()
        try:
            self.status = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._reader.join(_PATIENCE_S)
            self._drain.join(_PATIENCE_S)
            self._process.stdout.close()
            self._process.stderr.close()

    @property
    def stderr(self) -> str:
        """What the program wrote there, once it has ended."""
        return b"".join(self._stderr).decode("utf-8", "replace")

    def send(self, method: str, params: dict[str, Any], number: int | None = None) -> None:
        """Write one line; without a number it is a notification."""
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        line = json.dumps(message if number is None else {**message, "id": number})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next line, whatever it is."""
        return self._lines.get(timeout=_PATIENCE_S)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and wait for its answer: `{"result": …}` or `{"error": …}`."""
        self._next += 1
        self.send(method, params, self._next)
        return self.answer(self._next)

    def answer(self, number: int) -> dict[str, Any]:
        """Wait for the answer with this id; what else comes goes to `notifications`."""
        while (message := self.receive()).get("id") != number:
            self.notifications.append(message)
        return message

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._lines.put(json.loads(line))
