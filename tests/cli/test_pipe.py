"""`vox transcribe` without a file: what goes to stdout and what does not, and every way in which it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.cli.daemons import started_vox
from tests.scripted_door import ScriptedDoor, event, message, refused, scripted_door
from vox import errors

START = "Listening as agent 'transcribe'... (submit to send)\n"

Started = Callable[..., AbstractContextManager["subprocess.Popen[str]"]]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[ScriptedDoor]:
    with scripted_door(tmp_path / "home") as door:
        yield door


@pytest.fixture
def vox(door: ScriptedDoor) -> Started:
    return lambda *words, **options: started_vox(door.home, "transcribe", *words, **options)


def end(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=15)
    return process.returncode, out, err


def ready(process: "subprocess.Popen[str]") -> str:
    """Wait until it says that it listens."""
    assert process.stderr is not None
    return process.stderr.readline()


# ---- a turn


def test_a_turn_is_a_line_and_the_end(door: ScriptedDoor, vox: Started) -> None:
    with vox() as process:
        assert ready(process) == START
        door.tell("transcribe", "what is  the", "newline")
        door.tell("transcribe", "whether", partial=True)
        door.send("transcribe", event({**message("say this"), "type": "speech"}))
        door.tell("transcribe", "weather\nin Berlin", "newline")
        door.tell("transcribe", "", "submit")
        assert end(process) == (0, "what is the weather in Berlin\n", "")
    assert door.asked[0][:2] == ("GET", "/openvip/agents/transcribe/messages")


def test_nothing_to_send_ends_no_turn(door: ScriptedDoor, vox: Started) -> None:
    with vox() as process:
        door.tell("transcribe", "", "submit")
        door.tell("transcribe", "now", "submit")
        assert end(process)[:2] == (0, "now\n")


def test_auto_submit_ends_with_the_first_words(door: ScriptedDoor, vox: Started) -> None:
    with vox("--auto-submit", "--agent", "kitchen") as process:
        assert ready(process) == "Listening as agent 'kitchen'... (the first utterance ends it)\n"
        door.tell("kitchen", "  ", "newline")
        door.tell("kitchen", "hello", "newline")
        assert end(process) == (0, "hello\n", "")


def test_follow_gives_a_line_for_each_utterance(door: ScriptedDoor, vox: Started) -> None:
    with vox("--follow") as process:
        assert "a line for each utterance" in ready(process)
        for text in ("one", "two"):
            door.tell("transcribe", text, "newline")
            assert process.stdout is not None and process.stdout.readline() == f"{text}\n"
        door.tell("transcribe", "", "submit")
        process.send_signal(signal.SIGINT)
        assert end(process) == (0, "", "")


def test_json_is_every_message_as_it_came(door: ScriptedDoor, vox: Started) -> None:
    with vox("--json", "--partials") as process:
        door.tell("transcribe", "he", partial=True)
        door.tell("transcribe", "héllo", "submit", confidence=0.5)
        status, out, _ = end(process)
    told = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [one["text"] for one in told] == ["he", "héllo"]
    assert told[1]["x_input"]["ops"] == ["submit"] and told[1]["confidence"] == 0.5
    assert door.asked[0][1].endswith("?partials=1")


def test_partials_go_to_stderr(door: ScriptedDoor, vox: Started) -> None:
    with vox("--partials") as process:
        door.tell("transcribe", "hel", partial=True)
        door.tell("transcribe", "hello", "submit")
        assert end(process) == (0, "hello\n", START + "partial: hel\n")


def test_what_steers_terminals_is_left_out(door: ScriptedDoor, vox: Started) -> None:
    with vox() as process:
        door.tell("transcribe", "red \x1b[31malert\x07", "submit")
        assert end(process)[1] == "red alert\n"


# ---- who is spoken to


def test_it_is_spoken_to_and_not_told_so_aloud(door: ScriptedDoor, vox: Started) -> None:
    with vox() as process:
        ready(process)
        assert ("POST", "/openvip/api/agents/transcribe/focus", {"focused": True}) in door.asked
        assert door.commands() == ["output.set_agent:transcribe"]
        door.tell("transcribe", "hello", "submit")
        end(process)
    door.wait_gone("transcribe")


def test_listening_that_was_off_is_off_again(door: ScriptedDoor, vox: Started) -> None:
    door.status["platform"] = {"listening": False}
    with vox() as process:
        ready(process)
        process.send_signal(signal.SIGINT)
        assert end(process) == (130, "", "")
    assert door.commands()[1:] == ["stt.start", "stt.stop"]


def test_a_microphone_that_fails_is_told_once(door: ScriptedDoor, vox: Started) -> None:
    door.status["platform"] = {"stt": {"error": "There is no microphone."}}
    with vox() as process:
        ready(process)
        assert process.stderr is not None and process.stderr.readline() == "not listening: There is no microphone.\n"
        door.tell("transcribe", "hello", "submit")
        assert end(process) == (0, "hello\n", "")


# ---- the end


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_what_was_said_is_not_lost(door: ScriptedDoor, vox: Started, number: int, status: int) -> None:
    with vox("--partials") as process:
        door.send("transcribe", event(message("half a", "newline")) + event(message("turn", "newline")))
        door.tell("transcribe", "and", partial=True)
        assert (ready(process), ready(process)) == (START, "partial: and\n")
        process.send_signal(number)
        assert end(process) == (status, "half a turn\n", "")


def test_below_nohup_the_end_of_the_terminal_ends_nothing(door: ScriptedDoor, vox: Started) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with vox() as process:
            ready(process)
            process.send_signal(signal.SIGHUP)
            door.tell("transcribe", "hello", "submit")
            assert end(process) == (0, "hello\n", "")
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_reader_that_goes_ends_it_at_once(door: ScriptedDoor) -> None:
    with started_vox(door.home, "transcribe", "--follow") as process:
        ready(process)
        door.tell("transcribe", "one")
        assert process.stdout is not None and process.stdout.readline() == "one\n"
        process.stdout.close()
        assert process.wait(15) == 141
        assert process.stderr is not None and process.stderr.read() == ""
    door.wait_gone("transcribe")


def test_it_survives_a_restart_of_the_daemon(door: ScriptedDoor, vox: Started) -> None:
    door.status["platform"] = {"listening": False}
    with vox() as process:
        assert ready(process) == START
        door.tell("transcribe", "before", "newline")
        door.stop()
        assert ready(process) == "The daemon went away; waiting for it.\n"
        door.start()
        assert ready(process) == "The daemon is back.\n"
        door.tell("transcribe", "after", "submit")
        assert end(process) == (0, "before after\n", "")
    assert door.commands()[1:] == ["stt.start", "stt.start", "stt.stop"]


def test_a_name_that_is_taken(door: ScriptedDoor, vox: Started) -> None:
    taken = errors.AgentConflict("Agent 'transcribe' already connected.")
    door.answers["/openvip/agents/transcribe/messages"] = refused(taken)
    with vox() as process:
        assert end(process) == (75, "", f"error: {taken.message}\n")
    with vox("--json") as process:
        status, out, _ = end(process)
        assert status == 75 and json.loads(out)["error"]["code"] == "agent_conflict"


def test_without_a_daemon(tmp_path: Path) -> None:
    from vox.paths import Home

    with started_vox(Home(tmp_path / "none"), "transcribe", "--no-start") as process:
        status, out, err = end(process)
    assert (status, out) == (69, "") and "vox daemon start" in err


# ---- what it was given


@pytest.mark.parametrize("words", [["--words"], ["--format", "srt"], ["--out", "x"], ["--max-wait", "0"]])
def test_options_of_files_need_one(vox: Started, words: list[str]) -> None:
    with vox(*words) as process:
        status, out, err = end(process)
    assert (status, out) == (64, "") and f"{words[0]} needs a FILE" in err


def test_other_options_that_are_wrong(vox: Started) -> None:
    with vox("--model", "x") as process:
        assert "openVip.model" in end(process)[2]
    with vox("--follow", "x.wav") as process:
        assert "--follow goes without a FILE only" in end(process)[2]


def test_something_piped_in_is_not_passed_over(door: ScriptedDoor, vox: Started, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"RIFF")
    (tmp_path / "talk.wav").write_bytes(b"RIFF")
    with open(reading, "rb") as pipe, (tmp_path / "talk.wav").open("rb") as file:
        for given in (pipe, file):
            with vox(stdin=given) as process:
                status, out, err = end(process)
                assert (status, out) == (64, "") and "vox transcribe -" in err
        with vox("--agent", "transcribe", stdin=pipe) as process:
            door.tell("transcribe", "hello", "submit")
            assert end(process)[:2] == (0, "hello\n")
    os.close(writing)


def test_an_empty_pipe_is_nothing(door: ScriptedDoor, vox: Started) -> None:
    with vox(stdin=subprocess.PIPE) as process:
        door.tell("transcribe", "hello", "submit")
        door.wait_gone("transcribe")
        assert end(process)[:2] == (0, "hello\n")


def test_it_loads_nothing_heavy(door: ScriptedDoor, vox: Started) -> None:
    from tests.cli.test_main import HEAVY, LAYERS, PROGRAM

    command = [sys.executable, "-P", "-c", PROGRAM, "transcribe", "--auto-submit"]
    env = {**os.environ, "VOX_HOME": str(door.home.root)}
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, encoding="utf-8"
    ) as process:
        door.tell("transcribe", "hello")
        _, out, err = end(process)
    loaded = set(err.split())
    assert out == "hello\n" and "vox.cli.pipe" in loaded
    assert not loaded & HEAVY and not {name for name in loaded if name.startswith(tuple(LAYERS))}
