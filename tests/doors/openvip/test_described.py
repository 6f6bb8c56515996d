"""The OpenAPI document is true: what it allows is taken, what it forbids is refused, and answers are as it says."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.doors.openvip.conftest import Place, message, speech
from tests.doors.openvip.schema import PUBLISHED, events, faults
from vox.doors.openvip.described import document
from vox.doors.openvip.described_shapes import SHAPES

STREAMS = ("subscribeAgent", "subscribeStatus")


def check(value: object, shape: str) -> None:
    """The value is as the document says."""
    jsonschema.validate(value, {"$ref": f"#/components/schemas/{shape}", "components": {"schemas": SHAPES}})


def test_where_it_is(place: Place) -> None:
    for port, base in ((place.port, "/openvip"), (place.own_port, "/openvip"), (place.own_port, "")):
        told = place.ask("GET", f"{base}/openapi.json", port).json()
        assert told["servers"] == [{"url": f"http://127.0.0.1:{port}{base}"}] and told["openapi"] == "3.1.0"


def test_all_that_is_published_is_there() -> None:
    published = yaml.safe_load((PUBLISHED / "openapi.yaml").read_text(encoding="utf-8"))
    ours = document("http://localhost/openvip")["paths"]
    for path, operations in published["paths"].items():
        for method, operation in operations.items():
            assert ours[path][method]["operationId"] == operation["operationId"]


def test_published_bodies_hold_for_answers(place: Place) -> None:
    """The published shapes of answers, too: our own only add to them."""
    shapes = yaml.safe_load((PUBLISHED / "openapi.yaml").read_text(encoding="utf-8"))["components"]["schemas"]

    def published(value: Any, shape: str) -> None:
        jsonschema.validate(value, {"$ref": f"#/components/schemas/{shape}", "components": {"schemas": shapes}})

    answers = [
        (place.get("/status").json(), "Status", "Status"),
        (place.post("/control", {"command": "ping"}).json(), "Response", "ControlResponse"),
        (place.post("/speech", speech()).json(), "SpeechResponse", "SpeechResponse"),
        (place.post("/speech/stop").json(), "Response", "Response"),
        (place.post("/control", {"command": ""}).json(), "Error", "Error"),
        (place.get("/nothing").json(), "Error", "Error"),
    ]
    for answer, theirs, ours in answers:
        published(answer, theirs)
        check(answer, ours)


def test_requests_hold_for_the_document() -> None:
    check({**message(), "timestamp": "2026-11-21T01:36:51Z"}, "Message")
    check({**speech(), "speed": 175, "engine": "piper"}, "SpeechRequest")


@pytest.mark.parametrize(
    ("agents", "phases", "left_out"),
    [
        ("agent", "coverage,fuzzing", STREAMS),
        (None, "fuzzing", ("subscribe.*", "stopSpeech", "textToSpeech", "sendControl", "getStatus", "health")),
    ],
    ids=["to an agent", "to anybody"],
)
def test_everything_generated_from_it(
    place: Place, tmp_path: Path, agents: str | None, phases: str, left_out: tuple[str, ...]
) -> None:
    """Valid and invalid requests by the hundred, each answer held against the document."""
    config = tmp_path / "schemathesis.toml"
    config.write_text(f'[parameters]\nagent_id = "{agents}"\n' if agents else "", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(config),
        "run",
        f"{place.url}/openapi.json",
    ]
    command += [f"--phases={phases}", "--max-examples=6", "--no-color", "--warnings=off", "--generation-database=none"]
    command += [f"--exclude-operation-id-regex={name}" for name in ["|".join(left_out)]]
    with place.agent("agent") as agent, ThreadPoolExecutor(1) as reader:
        read = reader.submit(agent.rest)
        run = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, cwd=tmp_path)
        place.call(lambda: place.hub.agents.close())
        stream = read.result(30)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "passed" in run.stdout
    sent = [message for _, message in events(stream)]
    assert (len(sent) > 5 or agents is None) and not [fault for message in sent for fault in faults(message)]
