"""dictare, the reference of OpenVIP: installed for the tests in a virtual environment of its own.

It needs Python 3.11 and 600 MB, and its dependencies are not ours; nothing of it is imported here. What it does is done
by processes: its commands against our daemon, and its HTTP server to be compared with.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.lacking import without

VERSION = "0.6.2"

_PYTHON = "python3.11"
_INSTALL_S, _END_S = 600.0, 20.0
_SERVER = Path(__file__).parent / "reference_server.py"


class Dictare:
    """An installation, with a home of its own. Its engine is never started as a service of the machine."""

    def __init__(self, environment: Path, home: Path) -> None:
        self.program = environment / "bin" / "dictare"
        self.python = environment / "bin" / "python"
        self.home = home

    def environ(self, port: int) -> dict[str, str]:
        """The environment of a command that is to use the OpenVIP server at a port of this machine."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DICTARE_", "VOX_"))}
        told = {"DICTARE_SERVER_PORT": str(port), "DICTARE_CLIENT_URL": f"http://127.0.0.1:{port}/openvip"}
        return {**kept, **told, "HOME": str(self.home), "TERM": "xterm-256color", "PYTHONUNBUFFERED": "1"}

    def command(self, port: int, *words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start `dictare WORDS…`; what it tells goes through pipes."""
        return subprocess.Popen(
            [self.program, *words],
            env=self.environ(port),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=self.home,
        )

    @contextmanager
    def serving(self) -> Generator[tuple[int, int]]:
        """Its HTTP server, without a microphone and models; gives the port, and the process's id."""
        command = [str(self.python), "-P", str(_SERVER)]
        with (
            (self.home / "server.log").open("wb") as log,
            subprocess.Popen(command, env=self.environ(0), stdin=-1, stdout=-1, stderr=log, cwd=self.home) as process,
        ):
            assert process.stdin is not None and process.stdout is not None
            line = process.stdout.readline()
            assert line, (self.home / "server.log").read_text(encoding="utf-8", errors="replace")
            try:
                yield int(line), process.pid
            finally:
                process.stdin.close()
                process.wait(_END_S)


class NotInstallable(Exception):
    """Why there can be no installation here."""


@contextmanager
def installed() -> Generator[Dictare]:
    """An installation for the time of the block.

    Raises:
        NotInstallable: None can be made.
    """
    with tempfile.TemporaryDirectory(prefix="vox-dictare-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        yield Dictare(_install(Path(folder) / "environment"), home)


@pytest.fixture(scope="session")
def dictare() -> Iterator[Dictare]:
    """The installation that all tests of a run share. Where there is none they are skipped; with VOX_TEST_EVERYTHING=1
    they fail."""
    with ExitStack() as stack:
        try:
            made = stack.enter_context(installed())
        except NotInstallable as error:
            without(str(error))
        yield made


def _install(environment: Path) -> Path:
    python = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which(_PYTHON)
    if python is None:
        raise NotInstallable(f"dictare {VERSION} needs {_PYTHON}")
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    for command in ([python, "-m", "venv", str(environment)], [*pip, f"dictare=={VERSION}"]):
        run = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=_INSTALL_S)
        if run.returncode:
            raise NotInstallable(f"dictare {VERSION} cannot be installed: {run.stderr.strip()[-500:]}")
    return environment
