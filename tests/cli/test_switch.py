"""`vox providers restart|enable|disable`: with a daemon, and without."""

import json
import stat

from tests.cli.daemons import vox, wait_until


def states(home) -> dict[str, str]:
    status = json.loads(vox(home, "providers", "status", "--json").stdout)
    return {provider["id"]: provider["state"] for provider in status["providers"]}


def test_disabled_and_enabled_while_the_daemon_runs(home):
    before = home.providers_json.read_text(encoding="utf-8")
    vox(home, "daemon", "start")
    assert vox(home, "providers", "disable", "echo").stdout == "disabled: echo\n"
    assert states(home)["echo"] == "disabled"
    done = vox(home, "providers", "run", "echo", "models")
    assert done.returncode == 64 and "Known: slow" in done.stderr
    assert vox(home, "providers", "disable", "echo").stdout == "echo is disabled already\n"
    assert vox(home, "providers", "list").stdout.splitlines()[-1].startswith("echo kind=asr disabled ")
    assert vox(home, "providers", "enable", "echo").stdout == "enabled: echo\n"
    assert states(home)["echo"] == "stopped"
    assert home.providers_json.read_text(encoding="utf-8").replace(', "enabled": true', "") == before
    assert stat.S_IMODE(home.providers_json.stat().st_mode) == 0o600


def test_without_a_daemon_the_file_alone_is_changed(home):
    done = vox(home, "providers", "disable", "echo", "--json")
    assert json.loads(done.stdout) == {"id": "echo", "enabled": False, "changed": 1, "applied": False}
    assert vox(home, "providers", "enable", "echo").stdout == "enabled: echo (when the daemon starts)\n"
    assert vox(home, "daemon", "status").returncode != 0


def test_a_default_can_be_disabled(home):
    home.providers_json.unlink()
    assert vox(home, "providers", "disable", "moonshine").returncode == 0
    entries = json.loads(home.providers_json.read_text(encoding="utf-8"))["providers"]
    assert [(entry["id"], entry.get("enabled", True)) for entry in entries] == [
        ("moonshine", False),
        ("parakeet", True),
        ("whisper", True),
    ]
    assert vox(home, "config", "validate").returncode == 0


def test_nothing_is_edited_for_an_unknown_provider(home):
    before = home.providers_json.read_text(encoding="utf-8")
    done = vox(home, "providers", "disable", "nobody")
    assert done.returncode == 64 and "echo, slow, doomed, tone" in done.stderr
    assert home.providers_json.read_text(encoding="utf-8") == before


def test_a_file_that_is_wrong_is_not_edited(home):
    home.providers_json.write_text("{", encoding="utf-8")
    done = vox(home, "providers", "disable", "echo", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (78, "invalid_config")
    assert home.providers_json.read_text(encoding="utf-8") == "{"


def test_restart_gives_a_new_process_and_starts_no_daemon(home):
    assert vox(home, "providers", "restart", "echo").returncode == 69
    vox(home, "daemon", "start")
    vox(home, "providers", "run", "echo", "models")
    assert vox(home, "providers", "restart", "echo").stdout == "restarted: echo kind=asr\n"
    vox(home, "providers", "run", "echo", "models")
    (status,) = json.loads(vox(home, "providers", "status", "echo", "--json").stdout)["providers"]
    assert status["generation"] == 2
    answer = json.loads(vox(home, "providers", "restart", "echo", "--now", "--json").stdout)
    assert answer == {"restarted": [{"id": "echo", "kind": "asr"}]}
    wait_until(lambda: states(home)["echo"] == "stopped")
