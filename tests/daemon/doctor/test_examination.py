"""Is everything in place? Each check says what to do when it is not."""

import json
import sys
import time
from typing import Any

import pytest

from tests.runtime.conftest import entry, model, running
from vox.config import Configuration, Problem, Settings
from vox.daemon.doctor.examination import run_checks, without_daemon
from vox.errors import DaemonUnavailable
from vox.paths import Home

EAR = entry("ear", {"models": [model("ear:1")]})
MOUTH = entry("mouth", {"models": [model("mouth:1")]}, kind="tts")


async def checks(home: Home, *entries: Any, problems: tuple[Problem, ...] = ()) -> dict[str, Any]:
    async with running(home, *entries) as setup:
        setup.runtime.configuration = Configuration(tuple(entries), Settings(), problems, home.root)
        report = await run_checks(home, setup.runtime)
    return {check["name"]: check for check in report["checks"]} | {"ready": report["ready"]}


@pytest.mark.anyio
async def test_all_is_well(home: Home) -> None:
    found = await checks(home, EAR, MOUTH)
    assert found["ready"] is True
    assert found["runtime"]["status"] == found["configuration"]["status"] == "ok"
    assert found["model"]["detail"] == "speech recognition by ear:1"
    assert found["synthesis"]["detail"] == "speech synthesis by mouth:1"
    assert found["provider asr ear"]["detail"].startswith("runs as process ")
    assert found["backend"] == {"name": "backend", "status": "ok", "detail": "2 of 2 providers work"}
    assert all("remediation" in check for name, check in found.items() if name != "ready" and check["status"] != "ok")


@pytest.mark.anyio
async def test_the_names_that_clients_know_come_first(home: Home) -> None:
    found = await checks(home, EAR, MOUTH)
    providers = ["provider asr ear", "provider tts mouth"]
    assert list(found)[:7] == ["runtime", "microphone", "backend", *providers, "model", "synthesis"]
    assert {check["status"] for name, check in found.items() if name != "ready"} <= {"ok", "warning", "error"}


@pytest.mark.anyio
async def test_what_is_missing_is_an_error_with_a_way_out(home: Home) -> None:
    found = await checks(home, EAR)
    assert found["ready"] is False
    assert found["synthesis"]["status"] == "error"
    assert found["synthesis"]["remediation"] == {
        "action": "run",
        "label": "Install the engines",
        "detail": 'pip install "voxhost[local]"',
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("lacks", "remedy"),
    [
        ({"installed": False, "remedy": "Set\nVENDOR_KEY."}, "Set VENDOR_KEY."),
        ({"available": False, "remedy": "Set VENDOR_KEY."}, "Set VENDOR_KEY."),
        ({"installed": False}, "vox models install vendor:1"),
    ],
)
async def test_a_provider_without_a_model_that_can_be_used_is_told_with_the_remedy(
    home: Home, lacks: dict[str, Any], remedy: str
) -> None:
    vendor = entry("vendor", {"models": [model("vendor:1", **lacks), model("vendor:2", **lacks)]})
    found = await checks(home, vendor, MOUTH)
    told = {"action": "run", "label": "For vendor:1", "detail": remedy}
    assert found["provider asr vendor"]["status"] == "warning" and found["model"]["status"] == "error"
    assert found["provider asr vendor"]["detail"].endswith("but no model of it can be used yet")
    assert found["provider asr vendor"]["remediation"] == found["model"]["remediation"] == told
    assert found["backend"]["detail"] == "1 of 2 providers work" and found["ready"] is False


@pytest.mark.anyio
async def test_one_model_that_can_be_used_is_enough(home: Home) -> None:
    ear = entry("ear", {"models": [model("ear:1", installed=False), model("ear:2")]})
    found = await checks(home, ear, MOUTH)
    assert found["provider asr ear"]["status"] == "ok" and "remediation" not in found["provider asr ear"]
    assert found["model"]["detail"] == "speech recognition by ear:2"


@pytest.mark.anyio
async def test_what_nobody_asked_for_may_lack_its_model(home: Home) -> None:
    moonshine = entry("moonshine", {"models": [model("moonshine:x", installed=False, remedy="Get it.")]})
    found = await checks(home, moonshine, EAR, MOUTH)  # nothing is written in providers.json
    assert found["provider asr moonshine"]["status"] == "ok" and found["backend"]["status"] == "ok"
    assert found["provider asr moonshine"]["remediation"]["detail"] == "Get it."


@pytest.mark.anyio
async def test_a_default_that_cannot_be_used_is_no_default(home: Home) -> None:
    ear = entry("ear", {"models": [model("ear:1"), model("ear:2", installed=False, remedy="Get it.")]})
    async with running(home, ear, MOUTH, defaultAsr="ear:2") as setup:
        report = await run_checks(home, setup.runtime)
    found = {check["name"]: check for check in report["checks"]}
    assert found["model"]["status"] == "error" and "by ear:2" in found["model"]["detail"]
    assert found["model"]["remediation"] == {"action": "run", "label": "For ear:2", "detail": "Get it."}


@pytest.mark.anyio
async def test_a_broken_provider_is_a_warning_beside_a_working_one(home: Home) -> None:
    dies = EAR.model_copy(update={"id": "dies", "command": [sys.executable, "-c", "raise SystemExit('no weights')"]})
    found = await checks(home, dies, EAR, MOUTH)
    assert found["ready"] is True
    broken = found["provider asr dies"]
    assert broken["status"] == "warning" and broken["remediation"]["detail"] == "vox providers logs dies"
    assert "no weights" in broken["detail"] or "backing off" in broken["detail"]


@pytest.mark.anyio
async def test_when_nothing_works_nothing_is_ready(home: Home) -> None:
    dies = EAR.model_copy(update={"command": [sys.executable, "-c", "raise SystemExit"]})
    found = await checks(home, dies)
    assert found["ready"] is False
    assert (found["backend"]["status"], found["backend"]["detail"]) == ("error", "0 of 1 providers work")
    found = await checks(home)
    assert found["backend"]["detail"] == "no provider is configured"


@pytest.mark.anyio
async def test_a_provider_that_hangs_holds_nobody_up(home: Home) -> None:
    hangs = EAR.model_copy(update={"id": "hangs", "command": [sys.executable, "-c", "import time; time.sleep(600)"]})
    begin = time.monotonic()
    async with running(home, EAR, MOUTH, hangs) as setup:
        report = await run_checks(home, setup.runtime, bound_s=2)
    took = time.monotonic() - begin
    found = {check["name"]: check for check in report["checks"]}
    assert took < 6, f"{took:.1f} s"
    assert found["provider asr hangs"]["detail"].startswith("has not answered within 1 s")
    assert found["provider asr hangs"]["remediation"]["detail"] == "vox providers logs hangs"
    assert found["provider asr ear"]["status"] == "ok" and found["backend"]["status"] == "warning"
    assert report["ready"] is True


@pytest.mark.anyio
async def test_a_preferred_provider_that_hangs_is_why_requests_wait(home: Home) -> None:
    hangs = EAR.model_copy(update={"id": "hangs", "command": [sys.executable, "-c", "import time; time.sleep(600)"]})
    async with running(home, hangs, EAR, MOUTH) as setup:
        report = await run_checks(home, setup.runtime, bound_s=1)
    found = {check["name"]: check for check in report["checks"]}
    assert found["model"]["status"] == "warning" and "wait for a provider" in found["model"]["detail"]
    assert found["synthesis"]["status"] == "ok"


def test_a_key_that_is_missing_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VENDOR_API_KEY", raising=False)
    vendor = {"id": "vendor", "command": ["vendor"], "env": {"API_KEY": "${env:VENDOR_API_KEY}"}}
    home.providers_json.write_text(json.dumps({"providers": [vendor]}), encoding="utf-8")
    report = without_daemon(home, DaemonUnavailable("It does not start."))
    found = {check["name"]: check for check in report["checks"]}
    assert report["ready"] is False and found["runtime"]["detail"] == "It does not start."
    assert "VENDOR_API_KEY" in found["configuration"]["detail"]
    assert found["configuration"]["remediation"]["label"] == "Give it its key"
    assert {"microphone", "python", "home", "speaker", "permissions", "disk"} <= set(found)


@pytest.mark.anyio
async def test_problems_of_the_configuration_are_told_whole(home: Home) -> None:
    problem = Problem("providers.json", 7, "providers[0].id", "is odd.", "Write another.")
    found = await checks(home, EAR, MOUTH, problems=(problem,))
    assert found["ready"] is True
    assert found["configuration"]["status"] == "warning"
    assert str(problem) in found["configuration"]["detail"]
