"""`vox models` and `vox voices`: the lines scripts read, and progress for people."""

import json
import os
import pty

import pytest

from tests.cli.daemons import environment, vox

ABSENT = "echo:absent installed=false preloaded=false available=true kind=asr provider=echo"


def test_models_are_listed_with_their_kind_and_the_default(home):
    listed = vox(home, "models").stdout.splitlines()
    assert ABSENT in listed
    assert "echo:v1 installed=true preloaded=false available=true kind=asr provider=echo default=true" in listed
    assert [line.split()[0] for line in vox(home, "models", "list", "--kind", "tts").stdout.splitlines()] == ["tone:v1"]
    assert {m["kind"] for m in json.loads(vox(home, "models", "--json").stdout)["models"]} == {"asr", "tts"}


def test_install_tells_progress_on_stderr_and_the_result_on_stdout(home):
    done = vox(home, "models", "install", "echo:absent")
    assert (done.returncode, done.stdout) == (0, "Installed echo:absent\n")
    assert done.stderr.splitlines() == [f"echo:absent {tenth}0% loading".replace(" 00%", " 0%") for tenth in range(11)]
    assert "echo:absent installed=true" in vox(home, "models").stdout


def test_preload_of_the_default(run):
    done = run("models", "preload", "--json")
    assert json.loads(done.stdout)["model"]["id"] == "echo:v1"


def test_quiet_says_no_progress(run):
    assert run("-q", "models", "preload", "echo:v1").stderr == ""


def test_progress_on_a_terminal_is_a_bar_that_goes_away(shared):
    ours, theirs = pty.openpty()
    done = vox(shared, "models", "preload", "echo:v1", capture_output=False, stdout=theirs, stderr=theirs,
               env={**environment(shared), "TERM": "xterm", "COLUMNS": "80"})  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "echo:v1 loading" in shown and "100%" in shown
    assert shown.rstrip().endswith("Preloaded echo:v1")


@pytest.mark.parametrize("verb", ["install", "preload"])
def test_unknown_models(run, verb):
    done = run("models", verb, "echo:v9")
    assert (done.exit_code, done.stdout) == (66, "") and "echo:v1" in done.stderr


def test_voices(run):
    low, high = run("voices").stdout.splitlines()
    assert low == "low Low tone:v1 lang=en-GB available=true default=true"
    assert high == "high High tone:v1 lang=de available=true"
    assert run("voices", "list").stdout == run("voices").stdout
    assert "low Low tone:v1 lang=en-GB" in run("voices", "tone:v1").stdout
    assert (
        run("voices", "--model", "tone:v1", "--language", "de").stdout == "high High tone:v1 lang=de available=true\n"
    )
    assert run("voices", "--language", "en", "--json").stdout.count('"id"') == 1
    assert run("voices", "--language", "fr").stdout == "No voices available.\n"
    assert run("voices", "nobody").exit_code == 66
