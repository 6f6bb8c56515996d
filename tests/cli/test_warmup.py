"""`vox warmup`: the lines scripts read."""

import json
import re

from tests.cli.daemons import vox

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def test_a_warm_up_from_plan_to_ready(home):
    assert vox(home, "warmup", "status", "echo:v1").stdout == "model: echo:v1\nstate: idle\n"
    planned = vox(home, "warmup", "schedule", "3600000", "echo:v1").stdout
    assert re.fullmatch(rf"model: echo:v1\nstate: scheduled\nclient: vox-cli\nscheduled: {MOMENT}\n", planned)
    assert vox(home, "warmup", "cancel", "echo:v1").stdout == "model: echo:v1\nstate: idle\nclient: vox-cli\n"
    ready = vox(home, "warmup", "start", "echo:v1", "--wait").stdout
    assert re.fullmatch(
        rf"model: echo:v1\nstate: ready\nclient: vox-cli\nstarted: {MOMENT}\ncompleted: {MOMENT}\n", ready
    )
    assert vox(home, "warmup").stdout == ready


def test_json(run):
    warmup = json.loads(run("warmup", "start", "tone:v1", "--wait", "--json").stdout)["warmup"]
    assert (warmup["modelId"], warmup["state"], warmup["lastError"]) == ("tone:v1", "ready", None)


def test_now_without_a_delay(run):
    assert "state: ready" in run("warmup", "schedule", "--wait").stdout


def test_a_model_that_is_not_here(run):
    refused = run("warmup", "start", "echo:absent")
    assert refused.exit_code != 0 and "vox models install echo:absent" in refused.stderr
