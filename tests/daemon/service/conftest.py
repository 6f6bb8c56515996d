"""Service managers that are not there: executables on PATH which write down how they are called, and answer as the real
ones are documented to."""

import json
import stat
import sys
from pathlib import Path

import pytest

from vox.paths import Home

PROGRAM = f"""#!{sys.executable}
import json, os, sys, time
here, name, words = os.path.dirname(os.path.abspath(__file__)), os.path.basename(__file__), sys.argv[1:]
with open(os.path.join(here, "calls.jsonl"), "a", encoding="utf-8") as calls:
    calls.write(json.dumps([name, *words]) + "\\n")
with open(os.path.join(here, "world.json"), encoding="utf-8") as file:
    world = json.load(file)
line = " ".join(words)
for wanted, status, output, change in world["answers"].get(name, []):
    if wanted in line:
        break
else:
    status, output, change = 0, "", {{}}
left = world.setdefault("failures", {{}}).get(line, 0)
if left:
    world["failures"][line] = left - 1
    status, output, change = 5, "Input/output error", {{}}
world["answers"].setdefault(name, [])[:0] = change.get(name, [])
with open(os.path.join(here, "world.json"), "w", encoding="utf-8") as file:
    json.dump(world, file)
print(output.replace("HOME", os.path.expanduser("~")))
sys.exit(status)
"""


class Managers:
    """The executables of a folder that is first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._world = folder / "world.json"
        self._write({"answers": {}})

    def add(self, name: str, *answers: tuple[str, int, str]) -> None:
        """Give it an executable. An answer is for a command line with that text in it; else it succeeds silently."""
        program = self.folder / name
        program.write_text(PROGRAM, encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.answer(name, *answers)

    def answer(self, name: str, *answers: tuple[str, int, str]) -> None:
        """Answer otherwise from now on."""
        world = json.loads(self._world.read_text(encoding="utf-8"))
        world["answers"][name] = [(*answer, {}) for answer in answers]
        self._write(world)

    def fail(self, line: str, times: int) -> None:
        """Have a command line fail so often."""
        world = json.loads(self._world.read_text(encoding="utf-8"))
        world.setdefault("failures", {})[line] = times
        self._write(world)

    def calls(self, *, but: str = "show") -> list[str]:
        """The command lines so far, without those that only look."""
        log = self.folder / "calls.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        said = [" ".join(json.loads(line)) for line in lines]
        return [line for line in said if but not in line]

    def forget(self) -> None:
        """Start the list of calls anew."""
        (self.folder / "calls.jsonl").unlink(missing_ok=True)

    def _write(self, world: object) -> None:
        self._world.write_text(json.dumps(world), encoding="utf-8")


@pytest.fixture
def managers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Managers:
    """No real service manager, and a home folder of the test's own."""
    folder = tmp_path / "managers"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for name in ("XDG_CONFIG_HOME", "VOX_RUNTIME_PATH", "VOX_CACHE", "VOX_MODELS", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    return Managers(folder)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.ensure()
    return home
