"""A provider program under test: requests in as lines, answers out as objects, every wait bounded."""

import json
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BOUND_S = 20.0


class Program:
    """A running provider."""

    def __init__(self, argv: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, bufsize=0
        )
        self._received = bytearray()

    def send(self, *messages: Any) -> None:
        assert self.process.stdin is not None
        for message in messages:
            line = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.process.stdin.write(line + b"\n")

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        while b"\n" not in self._received:
            assert select.select([self.process.stdout], [], [], BOUND_S)[0], (
                f"no answer in time: {self._received[:80]!r}"
            )
            piece = self.process.stdout.read(1 << 20)
            assert piece, f"the program ended; stderr: {self.process.stderr and self.process.stderr.read()!r}"
            self._received += piece
        line, _, self._received = self._received.partition(b"\n")
        return json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    def ask(self, number: Any, method: str, **params: Any) -> dict[str, Any]:
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        answer = self.read()
        assert answer["id"] == number
        return answer

    def end_input(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(BOUND_S)


@pytest.fixture
def run() -> Iterator[Callable[..., Program]]:
    """`run("-m", "vox_providers.tone", NAME="value")` or `run(path)`."""
    programs: list[Program] = []

    def start(*arguments: str | Path, **environment: str) -> Program:
        import os

        argv = [sys.executable, "-P", *map(str, arguments)]
        programs.append(Program(argv, {**os.environ, **environment}))
        return programs[-1]

    yield start
    for program in programs:
        program.process.kill()
        program.process.wait(BOUND_S)
        for pipe in (program.process.stdin, program.process.stdout, program.process.stderr):
            if pipe is not None:
                pipe.close()
