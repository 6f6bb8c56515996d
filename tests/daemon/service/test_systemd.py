"""The unit is one that systemd takes, and its manager is asked in the right order."""

import os
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from tests.daemon.service.conftest import Managers
from tests.lacking import without
from vox.daemon.service import State, install, manager_for, uninstall
from vox.daemon.service.program import Program
from vox.daemon.service.systemd import Systemd
from vox.errors import InvalidRequest, ServiceUnavailable
from vox.paths import Home

pytestmark = pytest.mark.skipif(os.name != "posix", reason="systemd is Linux's")

ACTIVE = "FragmentPath=HOME/.config/systemd/user/vox.service\nUnitFileState=enabled\nActiveState=active\nMainPID=77"
ODD = ('/opt/a b/100%/$x\\"q/python', "-P", "-m", "vox.daemon")


def parsed(text: str) -> RawConfigParser:
    """A unit file, its names as they are written; of a name that comes twice, the last."""
    parser = RawConfigParser(strict=False, comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def test_the_unit(home: Home, managers: Managers, tmp_path: Path) -> None:
    manager = manager_for(home, "linux")
    assert manager.path == tmp_path / "user/.config/systemd/user/vox.service"
    unit = parsed(manager.text())
    service = unit["Service"]
    assert service["Type"] == "notify" and float(service["WatchdogSec"]) > 1
    assert service["ExecStart"] == f'"{sys.executable}" "-P" "-m" "vox.daemon"'
    assert service["Environment"] == f'"VOX_HOME={home.root}"'
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("on-failure", "78")
    assert unit["Install"]["WantedBy"] == "default.target"
    assert f'Environment="PATH={managers.folder}"' in manager.text()


def test_the_default_home_needs_no_variable(managers: Managers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOX_HOME", raising=False)
    assert "VOX_HOME" not in manager_for(Home.from_env(), "linux").text()


def test_it_goes_where_the_user_keeps_configuration(
    managers: Managers, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "cfg"))
    assert manager_for(home, "linux").path == tmp_path / "cfg/systemd/user/vox.service"


@pytest.mark.parametrize("odd", [False, True])
def test_systemd_itself_finds_nothing_wrong(home: Home, tmp_path: Path, odd: bool) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        without("systemd-analyze is missing: apt-get install systemd")
    manager = manager_for(home, "linux")
    if odd:
        program = tmp_path / "a b 100% é" / "python"
        program.parent.mkdir()
        program.symlink_to(sys.executable)
        manager = Systemd(Program((str(program), *ODD[1:]), {"VOX_HOME": 'C:\\x "y" 5%', "PATH": "/a b:/c"}))
    unit = tmp_path / "vox.service"
    unit.write_text(manager.text(), encoding="utf-8")
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "SYSTEMD_LOG_LEVEL": "warning"}
    command = [analyze, "--user", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "vox.service" not in done.stderr


def test_what_means_something_to_systemd_is_escaped() -> None:
    text = Systemd(Program(ODD, {"VOX_HOME": "/home/50%/\\n\n"})).text()
    assert 'ExecStart="/opt/a b/100%%/$x\\\\\\"q/python" "-P"' in text
    assert 'Environment="VOX_HOME=/home/50%%/\\\\n\\n"\n' in text


def test_installing_writes_enables_and_starts_and_doing_it_again_does_no_harm(home: Home, managers: Managers) -> None:
    managers.add("systemctl", ("show vox.service", 0, ACTIVE))
    manager, made_way = manager_for(home, "linux"), list[bool]()
    for _ in range(2):
        managers.forget()
        install(manager, lambda: made_way.append(manager.path.exists()))
        assert managers.calls() == [
            "systemctl --user daemon-reload",
            "systemctl --user enable vox.service",
            "systemctl --user reset-failed vox.service",
            "systemctl --user restart vox.service",
        ]
        assert manager.path.read_text(encoding="utf-8") == manager.text()
    assert made_way == [True, True]
    assert State.of(manager) == State(True, True, True, True, 77, None)
    assert [path.name for path in manager.path.parent.iterdir()] == ["vox.service"]


def test_uninstalling_leaves_nothing(home: Home, managers: Managers) -> None:
    managers.add("systemctl")
    manager = manager_for(home, "linux")
    install(manager, lambda: None)
    manager.traces[0].parent.mkdir()
    manager.traces[0].symlink_to(manager.path)
    managers.forget()
    assert uninstall(manager) == (True, None)
    assert managers.calls() == [
        "systemctl --user disable --now vox.service",
        "systemctl --user daemon-reload",
        "systemctl --user reset-failed vox.service",
    ]
    assert not manager.path.exists() and not manager.traces[0].is_symlink()
    managers.forget()
    assert uninstall(manager) == (False, None)
    assert managers.calls() == []


def test_without_systemd_nothing_is_written(home: Home, managers: Managers) -> None:
    manager = manager_for(home, "linux")
    with pytest.raises(ServiceUnavailable, match=r"There is no systemctl here.*vox daemon start"):
        install(manager, pytest.fail)
    assert not manager.path.parent.exists()


def test_without_a_session_it_says_why_and_what_to_do(home: Home, managers: Managers) -> None:
    managers.add("systemctl", ("show", 1, "Failed to connect to bus: No medium found"))
    manager = manager_for(home, "linux")
    with pytest.raises(ServiceUnavailable) as raised:
        install(manager, pytest.fail)
    for word in ("No medium found", "container", "loginctl enable-linger", "vox daemon start"):
        assert word in raised.value.message
    assert not manager.path.exists()
    state = State.of(manager)
    assert (state.installed, state.enabled, state.running) == (False, False, None)
    assert "No medium found" in (state.detail or "")


def test_what_a_lost_manager_cannot_remove_is_removed(home: Home, managers: Managers) -> None:
    managers.add("systemctl")
    manager = manager_for(home, "linux")
    install(manager, lambda: None)
    manager.traces[0].parent.mkdir()
    manager.traces[0].symlink_to(manager.path)
    managers.answer("systemctl", ("show", 1, "Failed to connect to bus"))
    assert State.of(manager).enabled is True
    removed, why = uninstall(manager)
    assert removed and "Failed to connect to bus" in (why or "")
    assert not manager.path.exists() and not manager.traces[0].is_symlink()


def test_a_start_that_fails_is_told_with_the_command_and_its_words(home: Home, managers: Managers) -> None:
    managers.add("systemctl", ("restart", 1, "Job for vox.service failed."))
    with pytest.raises(ServiceUnavailable) as raised:
        install(manager_for(home, "linux"), lambda: None)
    assert raised.value.details["command"] == ["systemctl", "--user", "restart", "vox.service"]
    assert "Job for vox.service failed." in raised.value.message and "vox service logs" in raised.value.message


def test_a_unit_of_another_program_stays(home: Home, managers: Managers) -> None:
    managers.add("systemctl")
    manager = manager_for(home, "linux")
    manager.path.parent.mkdir(parents=True)
    manager.path.write_text("[Service]\nExecStart=/usr/bin/vox-the-game\n", encoding="utf-8")
    for act in (lambda: install(manager, pytest.fail), lambda: uninstall(manager)):
        with pytest.raises(InvalidRequest, match="another program"):
            act()
    assert "the-game" in manager.path.read_text(encoding="utf-8")
    assert State.of(manager).installed is False


def test_a_unit_that_a_package_brings_is_not_ours(home: Home, managers: Managers) -> None:
    packaged = ACTIVE.replace("HOME/.config", "/usr/lib")
    managers.add("systemctl", ("show vox.service", 0, packaged))
    state = State.of(manager_for(home, "linux"))
    assert (state.installed, state.enabled, state.running) == (False, False, False)


@pytest.mark.parametrize(
    ("shown", "running", "detail"),
    [
        ("ActiveState=failed\nSubState=failed\nResult=watchdog", False, "failed (watchdog)"),
        ("ActiveState=activating\nSubState=auto-restart\nResult=exit-code", False, "activating (auto-restart)"),
        ("ActiveState=inactive\nSubState=dead\nResult=success", False, None),
    ],
)
def test_a_service_in_trouble(home: Home, managers: Managers, shown: str, running: bool, detail: str | None) -> None:
    managers.add("systemctl", ("show vox.service", 0, f"{ACTIVE}\n{shown}\nMainPID=0"))
    state = State.of(manager_for(home, "linux"))
    assert (state.running, state.detail, state.pid) == (running, detail, None)


def test_a_file_of_an_earlier_installation_is_not_current(home: Home, managers: Managers) -> None:
    managers.add("systemctl")
    manager = manager_for(home, "linux")
    install(manager, lambda: None)
    moved = Systemd(Program(("/elsewhere/python", "-P", "-m", "vox.daemon"), {}))
    assert (State.of(moved).installed, State.of(moved).current) == (True, False)
    assert State.of(manager).current is True


def test_sudo_is_refused(home: Home, managers: Managers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "anna")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(InvalidRequest, match="without sudo"):
        install(manager_for(home, "linux"), pytest.fail)


def test_the_journal(home: Home, managers: Managers) -> None:
    managers.add("journalctl", ("--user-unit vox.service --lines 5", 0, "Started Vox."))
    assert manager_for(home, "linux").log(5) == "Started Vox."
    managers.answer("journalctl", ("", 1, "No journal files were found."))
    with pytest.raises(ServiceUnavailable, match=r"No journal files were found.*vox logs"):
        manager_for(home, "linux").log(5)
