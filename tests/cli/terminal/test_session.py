"""Programs that are spoken to in a terminal: what is said and typed reaches them, and the terminal stays whole."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.daemons import alive, started_vox, wait_until
from tests.cli.terminal.outer import Terminal, terminal
from tests.scripted_door import ScriptedDoor, refused, scripted_door
from vox import errors
from vox.cli import agent
from vox.errors import Unsupported

FOCUS_ON, FOCUS_OFF = b"\x1b[?1004h", b"\x1b[?1004l"

RAW = """
import os, sys, termios, tty
before = termios.tcgetattr(0)
tty.setraw(0)
os.write(1, b"\\x1b[?1049h\\x1b[?25lready.")
while (keys := os.read(0, 100)) != b"q":
    os.write(1, repr(keys).encode() + b".")
if len(sys.argv) < 2:
    os.write(1, b"\\x1b[?25h\\x1b[?1049l")
    termios.tcsetattr(0, termios.TCSADRAIN, before)
"""
"""A program that fills the screen, and shows which keys come together."""

EDITOR = f"""#!{sys.executable}
import os, sys, termios, tty
before = termios.tcgetattr(0)
tty.setraw(0)
os.write(1, b"\\x1b[?1049hediting.")
text = b""
while (key := os.read(0, 1)) != b"\\x18":
    text += b"\\n" if key == b"\\r" else key
    os.write(1, key)
with open(sys.argv[1], "wb") as file:
    file.write(text)
os.write(1, b"\\x1b[?1049l")
termios.tcsetattr(0, termios.TCSADRAIN, before)
"""
"""One in which Enter begins a new line, and Ctrl-X writes the file and ends it."""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[ScriptedDoor]:
    with scripted_door(tmp_path / "home") as door:
        yield door


def leave(opened: Terminal, keys: str | bytes) -> int:
    """Have the program end; the terminal is as it was."""
    opened.type(keys)
    status = opened.wait()
    assert opened.attributes() == opened.before and opened.shown.endswith(FOCUS_OFF)
    return status


# ---- programs


def test_cat(door: ScriptedDoor) -> None:
    with terminal(door.home, "agent", "me", "--", "cat") as opened:
        door.tell("me", "hello there", "newline")
        door.tell("me", "my friend", "submit")
        opened.until("hello there my friend\r\nhello there my friend\r\n")
        opened.type("typed\r")
        opened.until("typed\r\ntyped\r\n")
        assert opened.attributes() != opened.before
        assert leave(opened, b"\x04") == 0
    door.wait_gone("me")


def test_a_shell(door: ScriptedDoor) -> None:
    with terminal(door.home, "agent", "me", "--", "bash", "--norc", "-i") as opened:
        opened.until("$ ")
        door.tell("me", "echo $((6*7))", "newline")
        opened.until("echo $((6*7)) ")
        door.tell("me", "", "submit")
        opened.until(lambda shown: b"42\r\n" in shown and shown.endswith(b"$ "))
        opened.type("bash -c 'echo up $VOX_AGENT; exec sleep 60'\r")
        opened.until("up me\r\n")
        opened.type(b"\x03")
        opened.until("$ ")
        opened.type("echo $?; stty size\r")
        opened.until(lambda shown: b"130\r\n24 80\r\n" in shown and shown.endswith(b"$ "))
        opened.resize(30, 100)
        opened.type("stty size\r")
        opened.until("30 100\r\n")
        assert leave(opened, "exit 7\r") == 7


def test_an_interpreter(door: ScriptedDoor) -> None:
    with terminal(door.home, "agent", "me", "--", sys.executable, "-q") as opened:
        opened.until(">>> ")
        for _ in range(2):  # the second new line would send it, if the first had changed how keys are read
            door.tell("me", "6 *", "newline")
        opened.until(b"6 * 6 * ")
        door.tell("me", "1", "submit")
        opened.until("36\r\n")
        assert leave(opened, "raise SystemExit(3)\r") == 3


def test_a_program_that_fills_the_screen(door: ScriptedDoor) -> None:
    with terminal(door.home, "agent", "me", "--", sys.executable, "-c", RAW) as opened:
        assert opened.until("ready.").endswith(b"\x1b[?1049h\x1b[?25lready.")
        door.tell("me", "one", "newline")
        opened.until(r"b'one\x1b\r'.")
        door.tell("me", "two", "submit")
        opened.until(r"b'two'.b'\r'.")  # apart, or it would be a paste
        door.tell("me", "", "newline", "submit")
        opened.until(r"b'\x1b\r'.b'\r'.")
        opened.type(b"\x03\x1a\x11")
        opened.until(r"b'\x03\x1a\x11'.")  # no key is ours
        assert leave(opened, "q") == 0


def test_an_editor_in_a_shell(door: ScriptedDoor, tmp_path: Path) -> None:
    editor = tmp_path / "vi"
    editor.write_text(EDITOR, encoding="utf-8")
    editor.chmod(0o755)
    with terminal(door.home, "agent", "me", "--status-line", "--", "bash", "--norc", "-i") as opened:
        opened.until("$ ")
        opened.type(f"{editor} {tmp_path}/notes.txt\r")
        opened.until("editing.")
        door.tell("me", "first", "newline")
        door.tell("me", "second", "newline")
        opened.until("second")
        opened.type(b"\x18")
        opened.until(lambda shown: shown.endswith(b"$ "))
        door.tell("me", "exit", "newline")  # in the shell again, where Enter would end it
        opened.until("exit ")
        opened.type("7\r")
        assert opened.wait() == 7
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "first\nsecond\n"


def test_a_program_that_leaves_a_mess(door: ScriptedDoor) -> None:
    with terminal(door.home, "agent", "me", "--", sys.executable, "-c", RAW, "leave") as opened:
        opened.until("ready.")
        assert leave(opened, "q") == 0
        assert b"\x1b[?1049l\x1b[?25h\x1b[0m" in opened.shown


@pytest.mark.parametrize("newline", ["alt-enter", "ctrl-j", "enter", "blank"])
def test_the_key_for_a_new_line_can_be_chosen(door: ScriptedDoor, newline: str) -> None:
    sent = {"alt-enter": r"\x1b\r", "ctrl-j": r"\n", "enter": r"\r", "blank": " "}[newline]
    with terminal(door.home, "agent", "me", "--newline", newline, "--", sys.executable, "-c", RAW) as opened:
        opened.until("ready.")
        door.tell("me", "a\n\x1b[31mb\tc\x03", "newline")
        opened.until(f"b'a{sent}b c{sent}'.")
        leave(opened, "q")


def test_more_than_a_program_reads_is_typed_all_the_same(door: ScriptedDoor) -> None:
    slow = "import sys, tty, os\ntty.setraw(0)\nos.write(1, b'ready')\nsys.stdin.read(200000)\nos.write(1, b'all')\n"
    with terminal(door.home, "agent", "me", "--", sys.executable, "-c", slow) as opened:
        opened.until("ready")
        for _ in range(4):
            door.tell("me", "x" * 50_000)
        opened.until("all")
        assert opened.wait() == 0


# ---- who is spoken to


def test_the_claim_key_and_the_focus(door: ScriptedDoor) -> None:
    with terminal(door.home, "agent", "me", "--", sys.executable, "-c", RAW) as opened:
        assert FOCUS_ON in opened.until("ready.")
        path = "/openvip/api/agents/me/focus"
        door.wait(lambda: ("POST", path, {"focused": True}) in door.asked)
        opened.type(b"a\x1cb\x1b[92;5u")
        opened.until("b'ab'.")
        door.wait(lambda: door.commands() == ["output.set_agent:me"])
        opened.type(b"\x1b[O")
        door.wait(lambda: door.asked[-1] == ("POST", path, {"focused": False}))
        opened.type(b"\x1b[200~\x1c\x1b[I")  # a paste is the program's, whatever is in it
        opened.until(r"b'\x1b[200~\x1c\x1b[I'.")
        door.tell("me", "later")
        opened.type(b"end\x1b[201~")
        assert b"later" in opened.until(r"\x1b[201~") or opened.until("later")
        leave(opened, "q")
        assert len(door.commands()) == 1


def test_a_program_that_wants_the_focus_itself(door: ScriptedDoor) -> None:
    program = RAW.replace("\\x1b[?1049h", "\\x1b[?1004h").replace("\\x1b[?1049l", "\\x1b[?1004lx")
    with terminal(door.home, "agent", "me", "--claim-key", "ctrl-]", "--", sys.executable, "-c", program) as opened:
        opened.until("ready.")
        opened.type(b"\x1b[I\x1c\x1d")
        opened.until(r"b'\x1b[I\x1c'.")
        leave(opened, "q")


def test_a_daemon_that_goes_and_comes_back(door: ScriptedDoor) -> None:
    with terminal(door.home, "agent", "me", "--", "cat") as opened:
        door.tell("me", "before", "submit")
        opened.until("before\r\nbefore\r\n")
        door.stop()
        opened.type("typed\r")
        opened.until("typed\r\ntyped\r\n")
        door.start()
        door.tell("me", "after", "submit")
        opened.until("after\r\nafter\r\n")
        door.wait(lambda: door.asked[-1][1].endswith("/focus"))
        leave(opened, b"\x04")


# ---- the status line


def test_the_status_line(door: ScriptedDoor) -> None:
    words = ("agent", "me", "--status-line", "--", "bash", "--norc", "-i")
    with terminal(door.home, *words) as opened:
        opened.until("$ ")
        door.tell_status(state="recording", output={"current_agent": "me"})
        assert b"\x1b[24;1H" in opened.until("me: hearing you")
        door.tell_status(state="listening", output={"current_agent": "other"})
        opened.until("me: the voice is for other (ctrl-\\ has this one spoken to)")
        opened.type("stty size; printf '\\033[r'; clear\r")
        shown = opened.until("23 80\r\n")
        shown += opened.until("me: the voice is for other")
        assert b"\x1b[r" not in shown and b"\x1b[1;23r" in shown
        opened.resize(30, 100)
        opened.until(b"\x1b[30;1H")
        door.stop()
        opened.until("me: no daemon")
        opened.type("exit\r")
        assert opened.wait() == 0
        assert opened.shown.endswith(b"\x1b7\x1b[r\x1b[30;1H\x1b[0m\x1b[K\x1b8" + FOCUS_OFF)
        assert opened.attributes() == opened.before


# ---- the end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program_and_restores_the_terminal(door: ScriptedDoor, number: int) -> None:
    with terminal(door.home, "agent", "me", "--", "bash", "--norc", "-c", "echo pid $$; exec sleep 60") as opened:
        shown = opened.until(lambda shown: shown.count(b"\r\n"))
        program = int(shown.split(b"pid ")[1].split()[0])
        os.kill(opened.pid, number)
        assert opened.wait() == 128 + number
        assert opened.attributes() == opened.before
        wait_until(lambda: not alive(program))
    door.wait_gone("me")


def test_a_terminal_that_goes_takes_the_program_along(door: ScriptedDoor) -> None:
    opened = Terminal(door.home, ("agent", "me", "--", "cat"), {})
    try:
        door.tell("me", "hello", "submit")
        opened.until("hello\r\nhello\r\n")
        os.close(opened.fd)
        _, status = os.waitpid(opened.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 129
    finally:
        opened.fd, opened.pid = os.open(os.devnull, os.O_RDONLY), 0
        opened.close()
    door.wait_gone("me")


def test_the_program_ends_though_another_holds_its_terminal(door: ScriptedDoor) -> None:
    with terminal(door.home, "agent", "me", "--", "bash", "-c", "sleep 60 & echo started; exit 5") as opened:
        assert opened.wait() == 5
        assert b"started" in opened.shown


def test_a_program_that_a_signal_ends(door: ScriptedDoor) -> None:
    with terminal(door.home, "agent", "me", "--", "bash", "-c", "kill -9 $$") as opened:
        assert opened.wait() == 137


def test_without_a_terminal(door: ScriptedDoor) -> None:
    with started_vox(door.home, "agent", "me", "--", "head", "-n", "1") as process:
        door.tell("me", "hello", "submit")
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err) == (0, "hello\nhello\n", "")


def test_what_cannot_be(door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said, status in (
        ("no-such-program", "there is no such program", 127),
        ("/no/such/program", "there is no such program", 127),
        (__file__, "this cannot be run", 126),
    ):
        with started_vox(door.home, "agent", "me", "--", name) as process:
            assert process.communicate(timeout=15) == ("", f"{name}: {said}\n")
            assert process.returncode == status
    door.answers["/openvip/agents/cat/messages"] = refused(errors.AgentConflict("Agent 'cat' already connected."))
    with started_vox(door.home, "agent", "cat") as process:  # the program of that name
        assert process.communicate(timeout=15) == ("", "error: Agent 'cat' already connected.\n")
        assert process.returncode == 75
    monkeypatch.setattr(agent.os, "name", "nt")
    with pytest.raises(Unsupported, match="needs a Unix terminal"):
        agent.command.main(["me", "--", "cat"], standalone_mode=False)


def test_a_program_that_cannot_be_run(door: ScriptedDoor, tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("#!/no/such/interpreter\n", encoding="utf-8")
    (tmp_path / "broken").chmod(0o755)
    with terminal(door.home, "agent", "me", "--", str(tmp_path / "broken")) as opened:
        assert opened.wait() == 126
        assert b"No such file" in opened.shown


def test_the_agents_themselves(door: ScriptedDoor) -> None:
    door.status |= {
        "connected_agents": ["me", "other"],
        "platform": {"state": "listening", "listening": True, "output": {"current_agent": "other"}, "stt": {}},
    }
    door.answers["/openvip/control"] = 200, {"openvip": "1.0", "status": "ok", "current_agent": "me"}
    shown = {
        ("agents",): ("  me\n* other\n", "microphone: listening\n"),
        ("agents", "use", "mee"): ("current: me\n", ""),
        ("agents", "send", "me", "run", "it", "--submit"): ("", "told: me\n"),
        ("agents", "pause"): ("listening: no\n", ""),
        ("agents", "resume"): ("listening: yes\n", ""),
    }
    for words, expected in shown.items():
        with started_vox(door.home, *words) as process:
            assert process.communicate(timeout=15) == expected
    assert door.commands() == ["output.set_agent:mee", "stt.stop", "stt.start"]
    with started_vox(door.home, "agents", "--json") as process:
        assert json.loads(process.communicate(timeout=15)[0]) == {
            "current": "other",
            "agents": ["me", "other"],
            "state": "listening",
            "listening": True,
            "error": None,
        }
