"""`vox history`: what is shown of what was kept, and how it is forgotten."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.cli.daemons import environment, make_home, stopped_at_the_end, vox
from vox.cli.tree import cli
from vox.paths import Home


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The home of a daemon that keeps what it hears."""
    home = make_home(tmp_path_factory.mktemp("history") / "home")
    home.config_json.write_text('{"history": true}', encoding="utf-8")
    home.config_json.chmod(0o600)
    with stopped_at_the_end(home):
        assert vox(home, "daemon", "start").returncode == 0
        yield home


@pytest.fixture
def history(keeper: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name, value in environment(keeper).items():
        monkeypatch.setenv(name, value)

    def invoke(*words: str, **options: Any) -> Result:
        return CliRunner().invoke(cli, ["history", *words], prog_name="vox", **options)

    invoke("clear", "--yes")
    return invoke


def test_a_transcription_is_listed_found_and_forgotten(
    keeper: Home, history: Callable[..., Result], tone: Path
) -> None:
    heard = json.loads(vox(keeper, "transcribe", "--json", str(tone)).stdout)
    number = heard["historyId"]
    (line,) = history().stdout.splitlines()
    assert line.startswith(f"{number}  20") and line.endswith(f"  vox-cli  file  echo:v1  {json.dumps(heard['text'])}")
    shown = json.loads(history("list", "--json").stdout)
    assert [record["id"] for record in shown["records"]] == [number] and shown["enabled"] is True
    assert history("list", "--source", "live").exit_code == 1
    assert history("list", "--client", "vox-cli", "--model", "echo:v1", "--kind", "transcription").stdout == line + "\n"
    gone = history("delete", number)
    assert (gone.exit_code, gone.stdout) == (0, "deleted: true\n")
    again = history("delete", number)
    assert (again.exit_code, again.stdout) == (1, "deleted: false\n")
    none = history("list")
    assert (none.exit_code, none.stdout) == (1, "No records.\n")


def test_speech_and_failures_have_their_lines(keeper: Home, history: Callable[..., Result], tmp_path: Path) -> None:
    assert vox(keeper, "speak", "--out", str(tmp_path / "a.wav"), "Good\nmorning").returncode == 0
    assert vox(keeper, "transcribe", "--model", "doomed:v1", str(tmp_path / "a.wav")).returncode == 70
    failed, spoken = history().stdout.splitlines()
    assert "  file  doomed:v1  error=" in failed
    assert spoken.endswith('  synthesis  tone:v1  "Good\\nmorning"')
    assert history("list", "--query", "MORNING").stdout == spoken + "\n"


def test_pages(keeper: Home, history: Callable[..., Result], tone: Path) -> None:
    for _ in range(3):
        vox(keeper, "transcribe", str(tone))
    page = history("list", "--limit", "2")
    assert len(page.stdout.splitlines()) == 2
    cursor = page.stderr.rpartition("--before ")[2].strip()
    rest = history("list", "--before", cursor)
    assert len(rest.stdout.splitlines()) == 1 and rest.stderr == ""
    assert len({line.split()[0] for line in (page.stdout + rest.stdout).splitlines()}) == 3


def test_clearing_asks_or_is_told(keeper: Home, history: Callable[..., Result], tone: Path) -> None:
    vox(keeper, "transcribe", str(tone))
    refused = history("clear")
    assert refused.exit_code == 64 and "--yes" in refused.stderr
    assert history("clear", "--client", "nobody", "--yes").stdout == "deleted: 0\n"
    assert json.loads(history("clear", "--yes", "--json").stdout) == {"deleted": 1}
    assert not keeper.history_jsonl.exists()


def test_a_history_that_is_off_says_how_to_turn_it_on(run: Callable[..., Result]) -> None:
    shown = run("history")
    assert (shown.exit_code, shown.stdout) == (1, "No records.\n") and '"history": true' in shown.stderr
