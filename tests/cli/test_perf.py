"""`vox perf dashboard`: the lines scripts read, from files in any state, without a daemon."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from vox.cli.tree import cli
from vox.paths import Home


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = Home(tmp_path / "home")
    home.ensure()
    monkeypatch.setenv("VOX_HOME", str(home.root))
    return home


def perf(*words: str) -> Result:
    return CliRunner().invoke(cli, ["perf", *words], prog_name="vox")


def row(**facts: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-03-24T13:31:56Z", "traceId": "t", "clientId": "app", "route": "transcribe.file",
        "modelId": "ear:1", "outcome": "ok", "totalMs": 100.0, "queueMs": 10.0, "audioDurationMs": 3000,
        "realtimeFactor": 0.05, "metrics": {"inferenceMs": 50.0},
    } | facts  # fmt: skip


def write(home: Home, *rows: dict[str, Any], rest: str = "") -> None:
    text = "".join(json.dumps(one) + "\n" for one in rows)
    home.performance_jsonl.write_text(text + rest, encoding="utf-8")


DASHBOARD = """\
Vox Performance Dashboard
log: {log}
samples: 3  success: 2  clients: 2  routes: synthesize.generate, transcribe.file

Overall
  total:     avg=750ms p50=1.40s p95=1.40s min=100ms max=1.40s
  inference: avg=675ms p50=1.30s p95=1.30s min=50ms max=1.30s
  queue:     avg=10ms p50=10ms p95=10ms min=10ms max=10ms
  speed:     avg=15.00x realtime p50=20.00x realtime p95=20.00x realtime min=10.00x realtime max=20.00x realtime

By Client
  client             calls  p50 total  p50 infer        avg speed failed
  app                    1      100ms       50ms  20.00x realtime      0
  reader                 2      1.40s      1.30s  10.00x realtime      1

By Model
  model              calls  p50 total  p50 infer        avg speed failed
  ear:1                  2      100ms       50ms  20.00x realtime      1
  mouth:1                1      1.40s      1.30s  10.00x realtime      0

Recent
  2026-03-24 13:31:56Z  reader  transcribe.file  error=Full.
  2026-03-24 13:31:56Z  reader  synthesize.generate  total=1.40s infer=1.30s queue=10ms audio=3.00s speed=10.00x \
realtime model=mouth:1 voice=anna
  2026-03-24 13:31:56Z  app  transcribe.file  total=100ms infer=50ms queue=10ms audio=3.00s speed=20.00x realtime \
model=ear:1
"""


def test_the_dashboard_word_by_word(place: Home) -> None:
    speech = row(clientId="reader", route="synthesize.generate", modelId="mouth:1", voiceId="anna", totalMs=1400.0,
                 realtimeFactor=0.1, metrics={"synthesisMs": 1300.0})  # fmt: skip
    failed = row(clientId="reader", outcome="error", code="provider_busy", error="Full.", totalMs=9.0)
    write(place, row(), speech, failed)
    shown = perf("dashboard")
    assert (shown.exit_code, shown.stdout) == (0, DASHBOARD.format(log=place.performance_jsonl))
    assert perf().stdout == shown.stdout


def test_choosing_and_counting(place: Home) -> None:
    write(place, *(row(clientId=f"c{number % 2}", traceId=str(number)) for number in range(30)))
    assert len(perf("dashboard").stdout.split("Recent\n")[1].splitlines()) == 20
    shown = perf("dashboard", "--client", "c1", "--route", "transcribe.file", "--last", "3").stdout
    assert "samples: 15  success: 15  clients: 1  routes: transcribe.file" in shown
    assert len(shown.split("Recent\n")[1].splitlines()) == 3
    told = json.loads(perf("dashboard", "--last", "1", "--json").stdout)
    assert (told["samples"], told["recent"][0]["traceId"]) == (30, "29")
    assert told["log"] == str(place.performance_jsonl)


def test_malformed_lines_are_told_and_left_out(place: Home) -> None:
    write(place, row(), rest='{"half": \n[]\n')
    shown = perf("dashboard")
    assert shown.exit_code == 0 and "samples: 1  success: 1" in shown.stdout
    assert shown.stderr == f"2 lines of {place.performance_jsonl} cannot be read; they are left out.\n"


def test_rows_of_other_versions_have_what_they_have(place: Home) -> None:
    write(place, {"outcome": "ok"}, {"outcome": "cancelled", "clientId": "a"}, {})
    shown = perf("dashboard").stdout
    assert "samples: 3  success: 1  clients: 1  routes: \n" in shown
    assert "error=unknown" in shown


def test_only_failures(place: Home) -> None:
    write(place, row(outcome="error", code="no_input"))
    shown = perf("dashboard").stdout
    assert "Overall" not in shown and "error=no_input" in shown


def test_nothing_to_show(place: Home) -> None:
    none = perf("dashboard")
    assert (none.exit_code, none.stdout) == (1, f"No performance log at {place.performance_jsonl}\n")
    write(place, row())
    other = perf("dashboard", "--client", "nobody")
    assert (other.exit_code, other.stdout) == (1, "No matching performance samples.\n")
