"""One daemon for all tests of the command line, one for those that hurt theirs, and audio to send."""

import array
import math
import os
import subprocess
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.cli.daemons import environment, make_home, stopped_at_the_end, vox
from vox.cli.tree import cli
from vox.paths import Home


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The home of a daemon that runs for the whole session."""
    home = make_home(tmp_path_factory.mktemp("cli") / "home")
    with stopped_at_the_end(home):
        started = vox(home, "daemon", "start")
        assert started.stdout == "Vox daemon is running.\n", started.stderr
        yield home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home of the test's own, in which no daemon runs yet."""
    with stopped_at_the_end(make_home(tmp_path / "home")) as home:
        yield home


@pytest.fixture
def run(shared: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Run a command in this process against the shared daemon, in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in set(os.environ) - set(environment(shared)):
        monkeypatch.delenv(name)
    for name, value in environment(shared).items():
        monkeypatch.setenv(name, value)

    def invoke(*words: str, **options: Any) -> Result:
        return CliRunner().invoke(cli, list(words), prog_name="vox", **options)

    return invoke


@pytest.fixture
def cli_run(shared: Home) -> "Callable[..., subprocess.CompletedProcess[str]]":
    """Run a command in a process of its own against the shared daemon."""
    return lambda *words, **options: vox(shared, *words, **options)


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of sound, 8 kHz."""
    samples = array.array("h", (int(9000 * math.sin(index / 5)) for index in range(3 * 8000)))
    return write_wav(tmp_path_factory.mktemp("audio") / "tone.wav", samples.tobytes(), 8000)


@pytest.fixture(scope="session")
def silence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of nothing."""
    return write_wav(tmp_path_factory.mktemp("audio") / "silence.wav", bytes(2 * 2 * 8000), 8000)


def write_wav(path: Path, data: bytes, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(data)
    return path
