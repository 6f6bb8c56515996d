"""`vox doctor`: the daemon's own checks, and those that can be made without it."""

import json
import os
import socket
import sys

from tests.cli.daemons import environment, vox


def test_a_healthy_installation(run):
    done = run("doctor")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "ready: true"
    assert "ok      model speech recognition by echo:v1" in lines
    assert any(line.startswith("ok      provider asr echo runs as process") for line in lines)
    assert json.loads(run("doctor", "--json").stdout)["ready"] is True


def test_a_provider_that_cannot_start_comes_with_what_to_do(home):
    broken = [{"id": "gone", "command": ["no-such-program-anywhere"]}]
    home.providers_json.write_text(json.dumps({"providers": broken}), encoding="utf-8")
    done = vox(home, "doctor")
    assert "warning provider asr gone" in done.stdout
    assert "        action: Look at its log - vox providers logs gone" in done.stdout


def test_a_daemon_that_cannot_start_is_examined_from_outside(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = vox(home, "doctor", "--json", env={**environment(home), "VOX_PORT": str(port)})
    report = json.loads(done.stdout)
    checks = {check["name"]: check for check in report["checks"]}
    assert (done.returncode, report["ready"]) == (1, False)
    assert checks["runtime"]["status"] == "error" and f"Port {port}" in checks["runtime"]["detail"]
    assert checks[f"port {port}"]["status"] == "error" and f"process {os.getpid()}" in checks[f"port {port}"]["detail"]
    assert checks["python"]["status"] == checks["home"]["status"] == checks["configuration"]["status"] == "ok"


def test_without_a_daemon_the_configuration_is_read_here(home):
    home.providers_json.write_text("{", encoding="utf-8")
    done = vox(home, "doctor", "--no-start")
    assert done.returncode == 1
    assert "warning configuration" in done.stdout and "error   runtime" in done.stdout


def test_a_home_that_cannot_be_made(home):
    home.origins_json.write_text("", encoding="utf-8")
    done = vox(home, "doctor", env={**environment(home), "VOX_HOME": str(home.origins_json / "home")})
    assert done.returncode == 1 and "error   home" in done.stdout


def test_the_programs_are_those_of_this_shell(home, tmp_path):
    other = tmp_path / "bin" / "vox"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho lint\n", encoding="utf-8")
    other.chmod(0o755)
    assert vox(home, "daemon", "start").returncode == 0
    path = f"{other.parent}:{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    done = vox(home, "doctor", env={**environment(home), "PATH": path})
    assert f"warning program vox {other} is another program of that name" in done.stdout
    assert "        action: Put ours first - export PATH=" in done.stdout
