"""`vox service`, with a systemctl that is none; on other systems the commands are the same."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.daemons import environment, vox
from tests.daemon.service.conftest import Managers
from vox.client.discovery import find

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stand-in is one for systemd")

UNIT = "user/.config/systemd/user/vox.service"
OFF = "FragmentPath=HOME/.config/systemd/user/vox.service\nUnitFileState=disabled\nActiveState=inactive"
ON = "FragmentPath=HOME/.config/systemd/user/vox.service\nUnitFileState=enabled\nActiveState=active\nMainPID=77"


@pytest.fixture
def managers(tmp_path: Path) -> Managers:
    folder = tmp_path / "managers"
    folder.mkdir()
    return Managers(folder)


@pytest.fixture
def service(home, managers, tmp_path):
    env = {**environment(home), "HOME": str(tmp_path / "user"), "PATH": f"{managers.folder}:{os.environ['PATH']}"}

    class Service:
        """`vox service`, and `of` for other commands in the same environment."""

        def __call__(self, *words: str, **more: str):
            return self.of("service", *words, **more)

        def of(self, *words: str, **more: str):
            return vox(home, *words, env={**env, **more})

    return Service()


def test_a_dry_run_shows_all_and_does_nothing(service, managers, tmp_path, home):
    managers.add("systemctl")
    done = service("install", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"# {tmp_path / UNIT}" and "Type=notify" in lines
    assert lines[-1] == "systemctl --user restart vox.service"
    report = json.loads(service("install", "--dry-run", "--json").stdout)
    assert report["dryRun"] is True and report["file"] == str(tmp_path / UNIT)
    assert f'Environment="VOX_HOME={home.root}"' in report["text"]
    assert report["commands"][0] == ["systemctl", "--user", "daemon-reload"]
    assert service("uninstall", "--dry-run").stdout.splitlines()[0] == "systemctl --user disable --now vox.service"
    assert managers.calls() == [] and not (tmp_path / "user").exists()


def test_from_install_to_uninstall(service, managers, tmp_path):
    managers.add("systemctl", ("show vox.service", 0, OFF))
    assert service("status").returncode == 1
    managers.answer("systemctl", ("show vox.service", 0, ON))
    done = service("install")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "installed: yes",
        "enabled: yes",
        "running: yes (process 77)",
        f"file: {tmp_path / UNIT} (systemd user unit)",
    ]
    assert "loginctl enable-linger" in done.stderr
    assert "VOX_ALIAS_PORTS, VOX_PORT; write settings into" in done.stderr
    managers.forget()
    again = json.loads(service("install", "--json").stdout)
    assert (again["changed"], again["running"], managers.calls()) == (False, True, [])
    assert service("status").returncode == 0
    assert service("uninstall").stdout == f"removed: {tmp_path / UNIT}\n"
    assert not (tmp_path / UNIT).exists()
    assert service("uninstall").stdout == "The service is not installed.\n"


def test_the_service_takes_over_from_a_daemon_that_runs_by_hand(service, managers, home):
    managers.add("systemctl", ("show vox.service", 0, OFF))
    assert vox(home, "daemon", "start").returncode == 0
    outside = find(home)
    assert outside is not None
    told = service("status")
    assert told.returncode == 1
    assert f"a daemon runs outside of the service, process {outside.pid}" in told.stderr
    assert service("install").returncode == 0
    assert find(home) is None


@pytest.mark.parametrize("mine", [True, False])
def test_a_restart_leaves_the_daemon_where_it_is(service, managers, home, mine):
    managers.add("systemctl", ("show vox.service", 0, ON))
    assert service("install").returncode == 0
    assert vox(home, "daemon", "start").returncode == 0
    outside = find(home)
    assert outside is not None
    managers.answer("systemctl", ("show vox.service", 0, ON.replace("77", str(outside.pid) if mine else "77")))
    managers.forget()
    done = service.of("daemon", "restart")
    assert done.returncode == 0, done.stderr
    assert ("systemctl --user restart vox.service" in managers.calls()) is mine


def test_a_restart_does_not_need_the_manager(service, managers, home):
    managers.add("systemctl", ("show vox.service", 0, ON))
    assert service("install").returncode == 0
    managers.answer("systemctl", ("show", 1, "Failed to connect to bus"))
    assert service.of("daemon", "restart").returncode == 0
    assert find(home) is not None


def test_without_a_manager(service, tmp_path):
    done = service("install", PATH=str(tmp_path))
    assert done.returncode == 69 and "There is no systemctl here" in done.stderr and "vox daemon start" in done.stderr
    report = json.loads(service("install", "--json", PATH=str(tmp_path)).stdout)
    assert report["error"]["code"] == "service_unavailable"
    told = json.loads(service("status", "--json", PATH=str(tmp_path)).stdout)
    assert (told["installed"], told["running"]) == (False, None) and "no systemctl" in told["detail"]


def test_logs(service, managers):
    managers.add("journalctl", ("--lines 3", 0, "one\ntwo"))
    assert service("logs", "--lines", "3").stdout == "one\ntwo\n"
    assert json.loads(service("logs", "--lines", "3", "--json").stdout) == {"lines": ["one", "two"]}
    assert service("logs").stderr == "nothing is kept of the service\n"
