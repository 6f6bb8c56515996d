"""Every benchmark runs from end to end with a few calls, and finds figures for all its rows. Times are not judged here:
a machine that runs tests is not quiet."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import capacity, fairness, live, openvip, realtime, recognition, replicas, rest, soak, start, streams
from benchmarks.host import measure
from benchmarks.hosts.setting import make_child
from benchmarks.report import Report
from tests import pulse
from tests.lacking import require

CHILD = Path(__file__).parents[2] / "benchmarks" / "hosts" / "child.py"
LINES = b"""\
{"jsonrpc":"2.0","id":1,"method":"models","params":{}}
{"jsonrpc":"2.0","id":2,"method":"transcribe","params":{"modelId":"bench:v1","path":"/a.wav"}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"method":"tools/call","params":{"name":"transcribe","arguments":{"path":"/b.wav"}},"jsonrpc":"2.0","id":3}
{"jsonrpc":"2.0","id":4,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}
{"jsonrpc":"2.0","id":5,"method":"tools/list"}
"""


def _complete(report: Report) -> None:
    for row in report.rows:
        assert row.ratio is not None and math.isfinite(row.ratio), row
    assert report.markdown().count("\n| ") == len(report.rows) + 1
    assert set(report.machine) >= {"cores", "system", "python"}


def test_the_host_without_the_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.host.mcp_python", lambda: None)  # a test installs nothing from the network
    report = measure(quick=True)
    unmeasured = [row for row in report.rows if row.peer_value == "not installed"]
    assert unmeasured and all(row.ratio is None and row.met is None for row in unmeasured)
    report.rows = [row for row in report.rows if row not in unmeasured]
    _complete(report)


def test_capacity() -> None:
    _complete(capacity.measure(quick=True))


def test_fairness() -> None:
    report = fairness.measure(quick=True)
    _complete(report)
    fair, batch, plain = (row.ratio or 0 for row in report.rows)
    assert max(fair, batch) < plain / 2  # whatever the machine is doing besides


def test_replicas() -> None:
    _complete(replicas.measure(quick=True))


@pytest.mark.heavy
def test_live() -> None:
    with pulse.started():  # skips or fails where there is none
        pass
    _complete(live.measure(quick=True))


@pytest.mark.heavy
def test_conversations() -> None:
    require("moonshine_voice", "hibari")
    report = realtime.measure(quick=True)
    _complete(report)
    met = {(row.what, row.met) for row in report.rows}
    assert {("frames lost", True), ("interruption noticed to answer ended", True)} <= met


@pytest.mark.heavy
def test_the_audio_api() -> None:
    require("moonshine_voice", "hibari")
    report = rest.measure(quick=True)
    _complete(report)
    assert all((row.ratio or 9) < 0.9 for row in report.rows if row.subject.startswith("the first byte"))


def test_openvip() -> None:
    report = openvip.measure(quick=True)  # without the reference: a test of ours installs nothing for it
    (times,) = (row for row in report.rows if row.peer == "dictare")
    assert times.ratio is None and times.met is None
    report.rows.remove(times)
    _complete(report)
    assert next(row for row in report.rows if row.what == "files left open").met


@pytest.mark.heavy
def test_endurance() -> None:
    report = soak.measure(quick=True)
    _complete(report)
    assert all(row.met for row in report.rows)


def test_starting() -> None:
    _complete(start.measure(quick=True))


def test_recognition() -> None:
    require("moonshine_voice")
    report = recognition.measure(quick=True)
    _complete(report)
    assert next(row for row in report.rows if row.what == "word errors").met


def test_streams() -> None:
    require("moonshine_voice", "hibari")
    report = streams.measure(quick=True)
    _complete(report)
    first, _, text = (row.ratio or 9 for row in report.rows)
    assert first < 0.9 and text < 0.9  # whatever the machine is doing besides


def test_both_children_say_the_same(tmp_path: Path) -> None:
    command, language = make_child(tmp_path)
    if language != "C":
        pytest.skip("no C compiler")
    written = subprocess.run(command, input=LINES, capture_output=True, timeout=10, check=True).stdout
    spoken = subprocess.run([sys.executable, CHILD], input=LINES, capture_output=True, timeout=10, check=True).stdout
    assert written == spoken
    assert written.count(b"\n") == 5


def test_the_command_knows_its_benchmarks() -> None:
    root = Path(__file__).parents[2]
    asked = subprocess.run(
        [sys.executable, "-m", "benchmarks", "nonsense"],
        cwd=root,
        env=os.environ,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (
        asked.returncode == 2
        and b"known: host, capacity, fairness, replicas, soak, start, recognition, streams" in asked.stderr
    )
