"""Is everything in place? Each check says what to do when it is not."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.conftest import entry, model, running
from vox.config import Configuration, Problem, Settings
from vox.daemon.doctor import run_checks
from vox.paths import Home

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.ensure()
    return home


EAR = entry("ear", {"models": [model("ear:1")]})
MOUTH = entry("mouth", {"models": [model("mouth:1")]}, kind="tts")


async def checks(home: Home, *entries: Any, problems: tuple[Problem, ...] = ()) -> dict[str, Any]:
    async with running(home, *entries) as setup:
        setup.runtime.configuration = Configuration(tuple(entries), Settings(), problems, home.root)
        report = await run_checks(home, setup.runtime)
    return {check["name"]: check for check in report["checks"]} | {"ready": report["ready"]}


async def test_all_is_well(home: Home) -> None:
    found = await checks(home, EAR, MOUTH)
    assert found["ready"] is True
    assert found["runtime"]["status"] == found["configuration"]["status"] == "ok"
    assert found["model"]["detail"] == "speech recognition by ear:1"
    assert found["synthesis"]["detail"] == "speech synthesis by mouth:1"
    assert found["provider asr ear"]["detail"].startswith("runs as process ")
    assert all("remediation" not in check for name, check in found.items() if name not in ("ready", "containers"))


async def test_what_is_missing_is_an_error_with_a_way_out(home: Home) -> None:
    found = await checks(home, EAR)
    assert found["ready"] is False
    assert found["synthesis"]["status"] == "error"
    assert found["synthesis"]["remediation"] == {
        "action": "run",
        "label": "Install the engines",
        "detail": 'pip install "voxhost[local]"',
    }


async def test_a_broken_provider_is_a_warning_beside_a_working_one(home: Home) -> None:
    dies = EAR.model_copy(update={"id": "dies", "command": [sys.executable, "-c", "raise SystemExit('no weights')"]})
    found = await checks(home, dies, EAR, MOUTH)
    assert found["ready"] is True
    broken = found["provider asr dies"]
    assert broken["status"] == "warning" and broken["remediation"]["detail"] == "vox providers logs dies"
    assert "no weights" in broken["detail"] or "backing off" in broken["detail"]


async def test_problems_of_the_configuration_are_told_whole(home: Home) -> None:
    problem = Problem("providers.json", 7, "providers[0].id", "is odd.", "Write another.")
    found = await checks(home, EAR, MOUTH, problems=(problem,))
    assert found["ready"] is True
    assert found["configuration"]["status"] == "warning"
    assert str(problem) in found["configuration"]["detail"]
