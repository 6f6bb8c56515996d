"""`rpc.discover` against the methods, their answers and their page."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.daemon.conftest import Daemon
from tests.doors.described import faults
from vox import Client
from vox.doors.rpc.described.document import METHODS, document
from vox.doors.rpc.groups.daemon import Daemon as DaemonParts
from vox.doors.rpc.handler import Access
from vox.doors.rpc.methods import Methods

PAGE = Path(__file__).parents[3] / "docs/reference/client-rpc.md"
SECTION = re.compile(r"^### (.+?)\n(.*?)(?=^##|\Z)", re.M | re.S)


def methods() -> Methods:
    nothing: Any = _Anything()
    return Methods(nothing, DaemonParts(nothing, nothing, nothing, nothing))


class _Anything:
    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self


def sections() -> dict[str, str]:
    """The text of each heading of the page, by the words in its heading that stand as code, or the heading."""
    text = PAGE.read_text(encoding="utf-8")
    return {
        name: body for heading, body in SECTION.findall(text) for name in re.findall(r"`([^`]+)`", heading) or [heading]
    }


SECTIONS = sections()


def told_of(name: str, text: str, seen: frozenset[str] = frozenset()) -> str:
    """The section of a method, with those that it refers to."""
    whole = text
    if "#waiting" in text or "priority" in text:
        whole += SECTIONS["Waiting"]
    for other in re.findall(r"(?:as (?:of|for)|The same for|parameters of|answer is that of) `([\w.]+)`", text):
        if other in SECTIONS and other not in seen | {name}:
            whole += told_of(other, SECTIONS[other], seen | {name})
    return whole


def test_every_method_is_described_and_no_other() -> None:
    assert set(METHODS) == set(methods().names)
    assert all(described.summary.endswith(".") for described in METHODS.values())


def test_the_document_is_one() -> None:
    found = asyncio.run(methods().call("rpc.discover", {}, Access(), lambda *_: None))  # type: ignore[arg-type]
    assert found is document() and found["openrpc"].startswith("1.")
    schemas = found["components"]["schemas"]
    for method in found["methods"]:
        names = [param["name"] for param in method["params"]]
        assert len(names) == len(set(names)) and method["paramStructure"] == "by-name"
        needed = [param["required"] for param in method["params"]]
        assert needed == sorted(needed, reverse=True)
        for part in [*(param["schema"] for param in method["params"]), method["result"]["schema"]]:
            Draft202012Validator.check_schema(part)
    for name in re.findall(r"#/components/schemas/(\w+)", str(found)):
        Draft202012Validator.check_schema(schemas[name])
    assert set(re.findall(r"#/components/schemas/(\w+)", str(found))) == set(schemas)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_page_tells_the_same(name: str) -> None:
    described, told = METHODS[name], told_of(name, SECTIONS[name])
    words = set(re.findall(r"\b[\w.]+\b", " ".join(re.findall(r"`([^`]+)`", told))))
    assert not described.params.keys() - words, "parameters"
    assert not (described.events | described.pushes).keys() - words, "events"
    assert not set(described.result.get("properties", {})) - words, "result"
    for row in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([^|]*) \|", _table(SECTIONS[name]), re.M):
        for param in re.findall(r"`(\w+)`", row[0]):
            assert param in described.params, f"{param} is on the page only"
            if row[1]:
                assert row[1] == _type(described.params[param].schema), param
    assert ("For the owner only" in told) == described.owner


def _table(section: str) -> str:
    """The rows of the table of parameters."""
    found = re.search(r"^\| parameter \|.*\n\|-.*\n((?:\|.*\n)*)", section, re.M)
    return found[1] if found else ""


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join("true" if one == {"type": "boolean"} else _type(one) for one in schema["anyOf"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}s"
    return schema["type"]


CALLS: dict[str, dict[str, Any]] = {
    "health": {},
    "doctor.run": {},
    "models.list": {"kind": "all"},
    "synthesize.models": {},
    "models.catalog": {},
    "microphone.requestAccess": {},
    "providers.status": {},
    "providers.call": {"id": "ear", "method": "models"},
    "providers.reload": {},
    "telemetry.summary": {},
    "history.list": {},
    "rpc.discover": {},
    "synthesize.generate": {"text": "hello", "speechTiming": True, "progress": True},
    "providers.restart": {"id": "ear"},
}


def test_answers_of_a_daemon_are_as_described(served: Daemon, recording: str) -> None:
    with Client(served.home, start=False) as client:
        client.transcribe(recording, words=True)  # so that there are figures
        for method, params in CALLS.items():
            answer = client.call(method, params)
            assert not faults(method, {"result": answer}), method


def test_faults_are_seen() -> None:
    assert faults("daemon.stop", {"result": {"stopping": True}}) == []
    assert faults("daemon.stop", {"result": {"stopping": False}}) and faults("daemon.stop", {"result": {}})
    assert faults("daemon.stop", {"result": {"stopping": True, "more": 1}})
    assert faults("health", {"event": "no.such", "data": {}}) == ["no.such"]
    assert faults("models.preload", {"event": "models.progress", "data": {"modelId": "a", "progress": 2, "status": ""}})
