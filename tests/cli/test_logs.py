"""`vox logs`: which file, how much of it, and what is added."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.daemons import started_vox, vox
from vox.cli.tree import cli
from vox.paths import Home


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home without a daemon."""
    home = Home(tmp_path / "home")
    home.ensure()
    monkeypatch.setenv("VOX_HOME", str(home.root))
    return home


def logs(*words: str) -> Result:
    return CliRunner().invoke(cli, ["logs", *words], prog_name="vox")


@pytest.mark.parametrize(
    ("target", "file"),
    [
        ("daemon", "logs/voxd.log"),
        ("performance", "performance.jsonl"),
        ("history", "history.jsonl"),
        ("voice", "voice.jsonl"),
    ],
)
def test_each_log_has_its_file(place: Home, target: str, file: str) -> None:
    log = place.root / file
    missing = logs(target)
    assert (missing.exit_code, missing.stdout) == (1, f"No log at {log}\n")
    log.write_text("".join(f"line {number}\n" for number in range(100)), encoding="utf-8")
    assert logs(target, "--tail", "2").stdout == f"log: {log}\nline 98\nline 99\n"
    assert len(logs(target).stdout.splitlines()) == 81
    assert json.loads(logs(target, "-n", "1", "--json").stdout) == {"log": str(log), "lines": ["line 99"]}


def test_the_daemons_log_is_shown_unless_told(place: Home) -> None:
    place.daemon_log.write_text("[now] INFO: daemon.ready\n", encoding="utf-8")
    assert logs().stdout == f"log: {place.daemon_log}\n[now] INFO: daemon.ready\n"


def test_a_log_that_has_just_moved_aside_is_still_shown(place: Home) -> None:
    place.daemon_log.with_name("voxd.log.1").write_text("before\n", encoding="utf-8")
    shown = logs()
    assert (shown.exit_code, shown.stdout) == (0, f"log: {place.daemon_log}\nbefore\n")


def test_what_could_steer_a_terminal_is_left_out(place: Home) -> None:
    place.daemon_log.write_text("a\x1b[31mb\x07c\n", encoding="utf-8")
    assert logs().stdout.endswith("\nabc\n")


def test_other_logs_are_unknown(place: Home) -> None:
    assert logs("providers").exit_code == 64


def test_following_shows_what_is_added(place: Home) -> None:
    place.daemon_log.write_text("first\n", encoding="utf-8")
    with started_vox(place, "logs", "--follow") as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == [f"log: {place.daemon_log}\n", "first\n"]
        with place.daemon_log.open("a", encoding="utf-8") as file:
            file.write("second\n")
        assert process.stdout.readline() == "second\n"


def test_a_daemon_leaves_a_log_to_look_at(shared: Home) -> None:
    shown = vox(shared, "logs", "daemon").stdout
    assert shown.startswith(f"log: {shared.daemon_log}\n") and "daemon.ready" in shown
