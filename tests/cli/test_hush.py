"""What is played here is not taken for the user: the daemon is told for as long as it lasts, and no longer."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripted_door import ScriptedDoor, scripted_door
from vox.cli import hush
from vox.cli.hush import Hush


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedDoor]:
    with scripted_door(tmp_path / "home") as door:
        monkeypatch.setenv("VOX_HOME", str(door.home.root))
        monkeypatch.delenv("VOX_RUNTIME_PATH", raising=False)
        yield door


def told(door: ScriptedDoor) -> list[int]:
    return [params["ms"] for method, params in door.called if method == "microphone.deafen"]


def test_the_daemon_knows_before_anything_is_heard_and_after(door: ScriptedDoor) -> None:
    quiet = Hush()
    quiet.more(0.01)
    assert told(door)[0] == 4000
    door.wait(lambda: told(door)[-1] == 0)
    quiet.more(100)
    assert told(door)[-1] == 4000
    quiet.end()
    assert told(door)[-1] == 0
    quiet.end()
    assert told(door)[-1] == 0


def test_it_is_told_again_while_it_lasts(door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hush, "_LEASE_S", 0.02)
    quiet = Hush()
    quiet.more(100)
    door.wait(lambda: len(told(door)) > 4)
    quiet.end()
    assert told(door)[-1] == 0 and set(told(door)[:-1]) == {20}


def test_more_is_heard_behind_the_rest(door: ScriptedDoor) -> None:
    quiet, begin = Hush(), time.monotonic()
    quiet.more(0.5)
    quiet.more(0.5)
    door.wait(lambda: told(door)[-1] == 0)
    assert time.monotonic() - begin >= 1
    quiet.end()


def test_without_a_daemon_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_HOME", str(tmp_path / "none"))
    quiet = Hush()
    quiet.more(0.0)
    quiet.end()
    assert not (tmp_path / "none").exists()
