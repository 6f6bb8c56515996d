"""The task's XML, and schtasks asked in the right order."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.daemon.service.conftest import Managers
from vox.daemon.service import State, install, manager_for, uninstall
from vox.daemon.service.program import Program
from vox.daemon.service.windows import TASK, Windows
from vox.errors import ServiceUnavailable
from vox.paths import Home

pytestmark = pytest.mark.skipif(os.name != "posix", reason="its stand-in is a POSIX executable")

SPACE = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
PROGRAM = Program((r"C:\A & B\pythonw.exe", "-P", "-m", "vox.daemon"), {"PATH": r"C:\bin"})


def parsed(manager: Windows) -> ElementTree.Element:
    """The task as the scheduler reads it: UTF-16 with its mark."""
    return ElementTree.fromstring(manager.text().encode(manager.encoding))


def value(task: ElementTree.Element, path: str) -> str | None:
    return task.findtext("/".join(f"t:{part}" for part in path.split("/")), None, SPACE)


def test_the_task(home: Home) -> None:
    task = parsed(Windows(PROGRAM, home, r"HOST\<Anna>"))
    assert task.tag == f"{{{SPACE['t']}}}Task"
    assert value(task, "Triggers/LogonTrigger/UserId") == value(task, "Principals/Principal/UserId") == r"HOST\<Anna>"
    assert value(task, "Principals/Principal/RunLevel") == "LeastPrivilege"
    assert value(task, "Settings/ExecutionTimeLimit") == "PT0S", "it would be ended after three days"
    assert (
        value(task, "Settings/DisallowStartIfOnBatteries") == value(task, "Settings/StopIfGoingOnBatteries") == "false"
    )
    assert value(task, "Settings/RestartOnFailure/Count") == "3"
    assert value(task, "Actions/Exec/Command") == PROGRAM.argv[0]
    assert value(task, "Actions/Exec/Arguments") == "-P -m vox.daemon"


def test_a_home_of_ones_own_is_set_by_python(home: Home, tmp_path: Path) -> None:
    program = PROGRAM._replace(argv=(sys.executable, *PROGRAM.argv[1:]), environment={"VOX_HOME": r"C:\o'hara ä"})
    arguments = value(parsed(Windows(program, home, "anna")), "Actions/Exec/Arguments")
    assert arguments is not None and arguments.startswith('-P -c "')
    stand_in = tmp_path / "vox" / "daemon"
    stand_in.mkdir(parents=True)
    (stand_in.parent / "__init__.py").touch()
    (stand_in / "__init__.py").touch()
    (stand_in / "__main__.py").write_text("import os\nprint(os.environ['VOX_HOME'])\n", encoding="utf-8")
    code = arguments.removeprefix('-P -c "').removesuffix('"').replace('\\"', '"')  # as Windows reads it
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,  # where the stand-in is found first
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=True,
    )
    assert done.stdout.strip() == r"C:\o'hara ä"


def test_the_interpreter_without_a_window_is_taken_where_there_is_one(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("python.exe", "pythonw.exe"):
        (tmp_path / name).touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python.exe"))
    assert str(tmp_path / "pythonw.exe") in manager_for(home, "win32").text()
    (tmp_path / "pythonw.exe").unlink()
    assert str(tmp_path / "python.exe") in manager_for(home, "win32").text()


def test_installing_registers_and_runs_it(home: Home, managers: Managers) -> None:
    managers.add("schtasks", ("/Query", 0, "<Exec>vox.daemon</Exec>"))
    manager = manager_for(home, "win32")
    install(manager, lambda: None)
    assert managers.calls(but="/?") == [
        f"schtasks /Create /TN {TASK} /XML {manager.path} /F",
        f"schtasks /Run /TN {TASK}",
    ]
    assert manager.path.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff"), "schtasks reads the mark"
    assert State.of(manager) == State(True, True, True, None, None, None)


def test_uninstalling_leaves_nothing(home: Home, managers: Managers) -> None:
    managers.add("schtasks")
    manager = manager_for(home, "win32")
    install(manager, lambda: None)
    managers.forget()
    assert uninstall(manager) == (True, None)
    assert managers.calls(but="/?") == [f"schtasks /End /TN {TASK}", f"schtasks /Delete /TN {TASK} /F"]
    assert not manager.path.exists()


def test_a_task_that_is_off_or_not_there_or_anothers(home: Home, managers: Managers) -> None:
    off = "<Triggers><Enabled>true</Enabled></Triggers><Settings><Enabled>false</Enabled></Settings>vox.daemon"
    managers.add("schtasks", ("/Query", 0, off))
    manager = manager_for(home, "win32")
    assert State.of(manager).enabled is False and State.of(manager).running is None
    managers.answer("schtasks", ("/Query", 1, "ERROR: The system cannot find the file specified."))
    assert State.of(manager).running is False
    managers.answer("schtasks", ("/Query", 0, "<Exec>game.exe</Exec>"))
    assert State.of(manager).detail == "the task is another program's"


def test_without_schtasks(home: Home, managers: Managers) -> None:
    with pytest.raises(ServiceUnavailable, match="There is no schtasks here"):
        install(manager_for(home, "win32"), pytest.fail)
