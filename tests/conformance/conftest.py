"""The suite against a program, with short waits, and the certainty that nothing is left of it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vox.provider.conformance import Bench, Result, Times, run

ROOT = Path(__file__).parents[2]
BAD = ROOT / "tests" / "bad_providers" / "bad.py"
QUICK = Times(start=10, ask=1, work=1, silence=0.3)
"""For programs that answer at once or never."""

Checked = dict[str, Result]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Checked]:
    """`check(command, only=…)`: the results by the ids of their checks."""
    for name in [name for name in os.environ if name.startswith("VOX_")]:
        monkeypatch.delenv(name)

    def checked(
        command: list[str], *, only: tuple[str, ...] = (), times: Times = QUICK, folder: Path = ROOT, **options: Any
    ) -> Checked:
        bench = Bench(command, dict(os.environ), folder, times=times, **options)
        results = run(bench, only=only)
        assert bench.current is None
        return {result.id: result for result in results}

    return checked


@pytest.fixture
def bad(check: Callable[..., Checked]) -> Callable[..., Checked]:
    """`bad(mode, only=…)`: the results of `bad.py` in that mode."""
    return lambda mode, **options: check([sys.executable, str(BAD), mode], **options)


def failures(results: Checked) -> dict[str, str]:
    """Id and message of all that failed."""
    return {name: result.message for name, result in results.items() if result.outcome == "fail"}
