"""`vox daemon` and `vox status`: one daemon, started and stopped from anywhere."""

import json
import os
import signal

from tests.cli.daemons import alive, started_vox, vox, wait_until
from vox.client.discovery import find


def test_a_life(home):
    assert vox(home, "daemon", "status").stdout == "Vox daemon is not running.\n"
    assert vox(home, "status").returncode == 1
    assert vox(home, "daemon", "stop").stdout == "Vox daemon is not running.\n"
    assert vox(home, "daemon", "start").stdout == "Vox daemon is running.\n"
    first = find(home)
    assert first is not None and alive(first.pid)
    assert vox(home, "daemon", "start").stdout == "Vox daemon is running.\n"
    assert find(home) == first
    told = vox(home, "daemon", "status").stdout
    assert told.startswith(f"status: running\npid: {first.pid}\nport: {first.port}\n")
    assert told.endswith(f"runtime: {home.runtime_json}\n")
    assert vox(home, "daemon", "restart").returncode == 0
    second = find(home)
    assert second is not None and second.pid != first.pid and not alive(first.pid)
    assert vox(home, "daemon", "stop").stdout == "Vox daemon stopped.\n"
    assert not alive(second.pid) and not home.runtime_json.exists() and not home.socket.exists()


def test_status_is_an_object_for_programs(run):
    facts = json.loads(run("status", "--json").stdout)
    assert facts["running"] is True and facts["service"] == "Vox"
    assert [provider["id"] for provider in facts["providers"]] == ["echo", "slow", "doomed", "tone"]
    assert json.loads(run("daemon", "status", "--json").stdout)["pid"] == facts["pid"]
    lines = run("status").stdout.splitlines()
    assert lines[0].startswith(f"Vox {facts['version']} pid={facts['pid']} up=")
    assert lines[1] == f"rpc: ws://127.0.0.1:{facts['port']}/" and lines[-1].startswith("tone kind=tts state=")


def test_nothing_runs_as_json(home):
    done = vox(home, "status", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, {"running": False})
    assert json.loads(vox(home, "daemon", "status", "--json").stdout) == {"running": False, "stale": False}
    assert json.loads(vox(home, "daemon", "stop", "--json").stdout) == {"running": False, "stopped": False}


def test_in_the_foreground_until_ctrl_c(home):
    with started_vox(home, "daemon") as process:
        wait_until(lambda: find(home))
        assert vox(home, "daemon", "status").returncode == 0
        second = vox(home, "daemon")
        assert second.returncode == 78 and "already runs" in second.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    assert not home.runtime_json.exists()


def test_after_a_kill_the_state_is_stale_and_the_next_command_works(home, tone):
    assert vox(home, "daemon", "start").returncode == 0
    killed = find(home)
    assert killed is not None
    os.kill(killed.pid, signal.SIGKILL)
    wait_until(lambda: not alive(killed.pid))
    done = vox(home, "daemon", "status")
    assert done.returncode == 1 and "left by a daemon" in done.stderr
    assert vox(home, "transcribe", str(tone)).stdout == "second1 second2 second3\n"
    fresh = find(home)
    assert fresh is not None and fresh.pid != killed.pid


def test_another_version_is_pointed_out(home):
    assert vox(home, "daemon", "start").returncode == 0
    facts = json.loads(home.runtime_json.read_text(encoding="utf-8"))
    home.runtime_json.write_text(json.dumps({**facts, "version": "0.0.1"}), encoding="utf-8")
    assert "vox daemon restart" in vox(home, "models").stderr
