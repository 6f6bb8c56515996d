"""OpenAI's Python client, the current one and the last 1.x: the same scenarios, spoken and by REST, today's and the
beta's."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.sdk import beta_scenarios, realtime_scenarios, rest_scenarios
from tests.e2e.sdk.place import Place

ROOT = Path(__file__).parents[3]
MODULES = {"rest": rest_scenarios, "realtime": realtime_scenarios, "beta": beta_scenarios}
EVERY = [f"{kind} {scenario.__name__}" for kind, module in MODULES.items() for scenario in module.SCENARIOS]
RUN_S = 300  # of all scenarios; they take a minute on a machine that does nothing else

Scenario = Callable[[Place], None]
NOW = [scenario for module in MODULES.values() for scenario in module.SCENARIOS]


# The client opens its sockets in a way that `websockets` of today calls outdated, and calls its own beta so, and
# translations.
@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")
@pytest.mark.parametrize("scenario", NOW, ids=lambda scenario: f"{scenario.__module__}.{scenario.__name__}")
def test_the_current_client(place: Place, scenario: Scenario) -> None:
    scenario(place)


@pytest.fixture(scope="module")
def told(place: Place, old_python: Path) -> dict[str, str | None]:
    """What went wrong in each scenario with the last 1.x."""
    ran = subprocess.run(
        [old_python, "-m", "tests.e2e.sdk", place.address, place.key, place.secret, str(place.folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=RUN_S,
    )
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return {line["scenario"]: line["wrong"] for line in lines}


@pytest.mark.heavy
@pytest.mark.parametrize("name", EVERY)
def test_the_last_1_x(told: dict[str, str | None], name: str) -> None:
    wrong = told[name]
    assert wrong is None, wrong
