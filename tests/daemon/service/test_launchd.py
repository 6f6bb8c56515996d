"""The agent's property list, and launchctl asked in the right order."""

import os
import plistlib
import sys
from pathlib import Path

import pytest

from tests.daemon.service.conftest import Managers
from vox.daemon.service import State, install, manager_for, uninstall
from vox.daemon.service.launchd import LABEL
from vox.errors import ServiceUnavailable
from vox.paths import Home

pytestmark = pytest.mark.skipif(os.name != "posix", reason="launchd belongs to macOS, its tests to any POSIX system")

DOMAIN = f"gui/{os.getuid() if os.name == 'posix' else 0}"
TARGET = f"{DOMAIN}/{LABEL}"
RUNNING = (
    f"{TARGET} = {{\n\tactive count = 1\n\tstate = running\n\n\tprogram = /p\n\tpid = 4711\n\timmediate reason = x\n}}"
)


def test_the_property_list(home: Home, managers: Managers, tmp_path: Path) -> None:
    manager = manager_for(home, "darwin")
    assert manager.path == tmp_path / f"user/Library/LaunchAgents/{LABEL}.plist"
    facts = plistlib.loads(manager.text().encode("utf-8"))
    assert facts["Label"] == LABEL
    assert facts["ProgramArguments"] == [sys.executable, "-P", "-m", "vox.daemon"]
    assert facts["EnvironmentVariables"] == {"PATH": str(managers.folder), "VOX_HOME": str(home.root)}
    assert facts["RunAtLoad"] is True and facts["KeepAlive"] == {"SuccessfulExit": False}
    assert facts["Umask"] == 0o077 and facts["ProcessType"] == "Interactive"
    assert Path(facts["StandardErrorPath"]).parent == home.logs


def test_installing_replaces_what_is_loaded(home: Home, managers: Managers) -> None:
    managers.add("launchctl", (f"print {TARGET}", 0, RUNNING), ("bootout", 3, "No such process"))
    manager = manager_for(home, "darwin")
    install(manager, lambda: None)
    assert managers.calls(but="print") == [
        f"launchctl bootout {TARGET}",
        f"launchctl enable {TARGET}",
        f"launchctl bootstrap {DOMAIN} {manager.path}",
    ]
    assert State.of(manager) == State(True, True, True, True, 4711, None)


def test_an_old_daemon_that_is_still_ending_is_waited_for(home: Home, managers: Managers) -> None:
    managers.add("launchctl")
    manager = manager_for(home, "darwin")
    line = f"bootstrap {DOMAIN} {manager.path}"
    managers.fail(line, 2)
    install(manager, lambda: None)
    assert managers.calls().count(f"launchctl {line}") == 3


def test_uninstalling_leaves_nothing(home: Home, managers: Managers) -> None:
    managers.add("launchctl")
    manager = manager_for(home, "darwin")
    install(manager, lambda: None)
    managers.forget()
    assert uninstall(manager) == (True, None)
    assert managers.calls(but="print") == [f"launchctl bootout {TARGET}"]
    assert not manager.path.exists()


def test_an_agent_whose_file_is_gone_is_unloaded_all_the_same(home: Home, managers: Managers) -> None:
    managers.add("launchctl", (f"print {TARGET}", 0, RUNNING))
    uninstall(manager_for(home, "darwin"))
    assert managers.calls(but="print") == [f"launchctl bootout {TARGET}"]


def test_not_loaded(home: Home, managers: Managers) -> None:
    managers.add("launchctl", (f"print {TARGET}", 113, "Could not find service"))
    assert State.of(manager_for(home, "darwin")) == State(False, False, False, False, None, None)


def test_without_a_desktop_it_says_why_and_what_to_do(home: Home, managers: Managers) -> None:
    managers.add("launchctl", (f"print {DOMAIN}", 112, "Could not find domain for"))
    manager = manager_for(home, "darwin")
    with pytest.raises(ServiceUnavailable, match=r"desktop session.*Could not find domain.*vox daemon start"):
        install(manager, pytest.fail)
    assert not manager.path.exists()


def test_without_launchctl(home: Home, managers: Managers) -> None:
    with pytest.raises(ServiceUnavailable, match="There is no launchctl here"):
        install(manager_for(home, "darwin"), pytest.fail)


def test_what_the_daemon_has_printed(home: Home, managers: Managers) -> None:
    manager = manager_for(home, "darwin")
    assert manager.log(2) == ""
    (home.logs / "voxd.stderr.log").write_text("one\ntwo\nthree\n", encoding="utf-8")
    assert manager.log(2) == "two\nthree"
