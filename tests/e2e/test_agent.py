"""What is said into a microphone is typed into a terminal program."""

from pathlib import Path

import jiwer
import pytest

from tests import pulse
from tests.cli.terminal.outer import terminal
from tests.e2e.openvip import OpenVip
from tests.e2e.test_speech import SENTENCES, plain
from vox.client import Client

pytestmark = pytest.mark.heavy


def recorded(vox: Client, text: str, path: Path) -> Path:
    path.write_bytes(vox.synthesize(text).audio)
    return path


def test_what_is_said_is_typed(door: OpenVip, vox: Client, sound: pulse.SoundServer, tmp_path: Path) -> None:
    clip = recorded(vox, SENTENCES[5], tmp_path / "said.wav")
    with terminal(vox.home, "agent", "notes", "--status-line", "--", "cat") as opened:
        door.wait_for("notes")
        door.wait_until_listening()
        opened.until("notes: listening")
        sound.play(clip)
        opened.until(lambda shown: b". " in shown)
        door.tell("notes", "", "submit")
        shown = opened.until(lambda shown: shown.count(b"\r\n") == 2)  # the Enter, and what the program makes of it
        opened.type(b"\x04")
        assert opened.wait() == 0
    typed = next(line for line in shown.decode().split("\r\n") if line.strip() and "\x1b" not in line)
    assert jiwer.wer(plain(SENTENCES[5]), plain(typed)) <= 0.2
