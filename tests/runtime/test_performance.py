"""What measurements come to: every figure by hand, and files in any state."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.runtime.performance import Performance, spread


def row(**facts: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-03-24T13:31:56Z", "traceId": "t", "clientId": "app", "route": "transcribe.file",
        "modelId": "ear:1", "outcome": "ok", "totalMs": 100.0, "queueMs": 10.0, "providerMs": 80.0,
        "audioDurationMs": 1000, "realtimeFactor": 0.05, "metrics": {"inferenceMs": 50.0, "totalMs": 60.0},
    } | facts  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "performance.jsonl"


def write(path: Path, *rows: dict[str, Any]) -> Performance:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return Performance(path)


def test_nothing_measured(path: Path) -> None:
    summary = Performance(path).summary()
    nothing = {"samples": 0, "success": 0, "totalMs": None, "inferenceMs": None, "queueMs": None, "speed": None}
    assert summary == {
        "samples": 0, "success": 0, "clients": [], "routes": [], "unreadable": 0, "overall": nothing,
        "byClient": [], "byModel": [], "byRoute": [], "recent": [],
    }  # fmt: skip


def test_times_are_those_of_calls_that_went_well(path: Path) -> None:
    bad = row(outcome="error", code="provider_busy", error="Full.", totalMs=9999.0)
    del bad["metrics"], bad["realtimeFactor"]
    summary = write(path, row(), row(totalMs=300.0, realtimeFactor=0.1, clientId="other"), bad).summary()
    assert (summary["samples"], summary["success"]) == (3, 2)
    assert summary["clients"] == ["app", "other"] and summary["routes"] == ["transcribe.file"]
    overall = summary["overall"]
    assert overall["totalMs"] == {"avg": 200, "p50": 300, "p95": 300, "min": 100, "max": 300}
    assert overall["inferenceMs"]["avg"] == 50 and overall["queueMs"]["max"] == 10
    assert overall["speed"] == pytest.approx({"avg": 15, "p50": 20, "p95": 20, "min": 10, "max": 20})
    app = summary["byClient"][0]
    assert (app["clientId"], app["samples"], app["success"], app["totalMs"]["max"]) == ("app", 2, 1, 100)
    assert [group["modelId"] for group in summary["byModel"]] == ["ear:1"]
    assert [group["route"] for group in summary["byRoute"]] == ["transcribe.file"]


def test_recent_calls_are_the_newest_first(path: Path) -> None:
    rows = [row(traceId=str(number)) for number in range(30)]
    rows[-1] |= {"outcome": "error", "code": "cancelled"}
    performance = write(path, *rows)
    recent = performance.summary(last=3)["recent"]
    assert [call["traceId"] for call in recent] == ["29", "28", "27"]
    assert "inferenceMs" not in recent[0] and recent[0]["code"] == "cancelled"
    assert {"inferenceMs": 50, "speed": 20, "totalMs": 100, "queueMs": 10}.items() <= recent[1].items()
    assert len(performance.summary()["recent"]) == 20 and performance.summary(last=0)["recent"] == []


def test_one_client_and_one_route(path: Path) -> None:
    performance = write(path, row(), row(clientId="b"), row(clientId="b", route="synthesize.generate"))
    assert performance.summary(client="b")["samples"] == 2
    assert performance.summary(client="b", route="synthesize.generate")["samples"] == 1
    assert performance.summary(client="c")["samples"] == 0


def test_speech_counts_its_synthesis_as_the_work(path: Path) -> None:
    overall = write(path, row(metrics={"synthesisMs": 30.0})).summary()["overall"]
    assert overall["inferenceMs"]["avg"] == 30


def test_the_file_before_counts_and_lines_that_are_none_are_told(path: Path) -> None:
    write(path.with_name("performance.jsonl.1"), row(traceId="old"))
    write(path, row(traceId="new"))
    with path.open("ab") as file:
        file.write(b'{"clientId": "app", "rou\nnot json\n')
    summary = Performance(path).summary()
    assert [call["traceId"] for call in summary["recent"]] == ["new", "old"]
    assert (summary["samples"], summary["unreadable"]) == (2, 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.dictionaries(st.sampled_from(sorted(row())), JSON)))
def test_whatever_the_fields_hold_there_is_a_summary(tmp_path_factory: pytest.TempPathFactory, rows: Any) -> None:
    summary = write(tmp_path_factory.mktemp("p") / "performance.jsonl", *rows).summary()
    assert summary["samples"] + summary["unreadable"] == len(rows)
    json.dumps(summary, allow_nan=False)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_spread_is_within_its_bounds(values: list[float]) -> None:
    told = spread(values)
    assert told is not None and told["min"] <= told["p50"] <= told["p95"] <= told["max"]
    assert told["p50"] in values and told["p95"] in values


def test_percentiles_by_nearest_rank() -> None:
    told = spread(range(1, 101))
    assert told == {"avg": 50.5, "p50": 51, "p95": 96, "min": 1, "max": 100}
    assert spread([]) is None
