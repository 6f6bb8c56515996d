"""`vox config get|set|unset`, with and without a daemon."""

import json
import subprocess
import sys

from tests.cli.daemons import environment, vox
from tests.cli.terminal.outer import terminal
from vox.client import Client
from vox.paths import Home


def written(home: Home) -> dict[str, object]:
    return json.loads(home.config_json.read_text(encoding="utf-8"))


def test_a_setting_is_written_shown_and_taken_out(home: Home) -> None:
    done = vox(home, "config", "set", "llm.model", "llama3.2")
    assert (done.returncode, done.stdout) == (0, "set: llm.model = llama3.2 (when the daemon starts)\n"), done.stderr
    assert vox(home, "config", "get", "llm.model").stdout == "llama3.2\n"
    shown = vox(home, "config", "get", "llm", "--show-origin").stdout
    assert f"llm.model: llama3.2  (file {home.config_json}:2)\n" in shown
    assert "llm.topP: null  (default)\n" in shown and "port" not in shown
    told = json.loads(vox(home, "config", "get", "llm.model", "--json").stdout)
    assert told == {
        "settings": {"llm.model": {"value": "llama3.2", "origin": "file", "source": f"{home.config_json}:2"}}
    }
    done = vox(home, "config", "unset", "llm.model", "--json")
    assert json.loads(done.stdout) == {"key": "llm.model", "changed": True, "applied": False, "restartNeeded": False}
    assert vox(home, "config", "unset", "llm.model").stdout == f"llm.model is not set in {home.config_json}\n"
    assert not home.runtime_json.exists()


def test_a_daemon_takes_it_over_or_says_that_it_must_start_anew(home: Home) -> None:
    assert (started := vox(home, "daemon", "start")).returncode == 0, started.stderr
    assert vox(home, "config", "set", "defaultTts", "tone:v1").stdout == "set: defaultTts = tone:v1\n"
    with Client(home, start=False) as client:
        listed = client.call("models.list", {"kind": "tts"})["models"]
    assert [model["id"] for model in listed if model["default"]] == ["tone:v1"], listed
    done = vox(home, "config", "set", "bridgePort", "43999", "--json")
    told = {"key": "bridgePort", "value": 43999, "changed": True, "applied": False, "restartNeeded": True}
    assert json.loads(done.stdout) == told
    assert "is used only when the daemon starts. Run: vox daemon restart" in done.stderr
    done = vox(home, "config", "set", "bridgePort", "43998")
    assert done.stdout == "set: bridgePort = 43998 (used after: vox daemon restart)\n"


def test_what_is_wrong_is_told_and_not_written(home: Home) -> None:
    done = vox(home, "config", "set", "port", "many")
    assert (
        done.returncode == 64 and "port cannot be set to many" in done.stderr and "Nothing was written" in done.stderr
    )
    assert vox(home, "config", "set", "prot", "1").returncode == 64
    done = vox(home, "config", "set", "port")
    assert done.returncode == 64 and "vox config set port VALUE" in done.stderr
    done = vox(home, "config", "get", "openAi.models.whisper-1")
    assert done.returncode == 64 and "vox config set openAi.models.whisper-1 VALUE" in done.stderr
    assert not home.config_json.exists()


def test_a_variable_that_is_stronger_is_told(home: Home) -> None:
    done = vox(home, "config", "set", "llm.model", "a", env={**environment(home), "VOX_LLM_MODEL": "b"})
    assert "VOX_LLM_MODEL is set here" in done.stderr


def test_a_key_comes_from_stdin_and_is_never_shown(home: Home) -> None:
    done = vox(home, "config", "set", "llm.apiKey", input="hunter2-hunter2\n")
    assert done.stdout == "set: llm.apiKey (when the daemon starts)\n"
    assert written(home) == {"llm": {"apiKey": "hunter2-hunter2"}}
    assert vox(home, "config", "get", "llm.apiKey").stdout == "[redacted]\n"
    done = vox(home, "config", "set", "authToken", "hunter3-hunter3-hunter3", "--json")
    assert "hunter3" not in done.stdout + done.stderr and "can see arguments" in done.stderr
    assert vox(home, "config", "set", "llm.apiKey", input="\n").returncode == 64
    done = vox(home, "config", "set", "llm.apiKey", "${env:KEY}")
    assert (done.stdout, done.stderr) == ("set: llm.apiKey = ${env:KEY} (when the daemon starts)\n", "")


def test_a_key_is_asked_for_without_echo(home: Home) -> None:
    with terminal(home, "config", "set", "llm.apiKey", TERM="dumb") as opened:
        shown = opened.until("not shown")
        opened.type("hunter2-hunter2\n")
        assert opened.wait() == 0
    shown += opened.shown
    assert b"set: llm.apiKey" in shown and b"hunter2" not in shown
    assert written(home) == {"llm": {"apiKey": "hunter2-hunter2"}}


def test_the_commands_load_without_what_reads_the_settings() -> None:
    code = "import sys, vox.cli.config; print(sorted({'pydantic', 'structlog', 'filelock'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
