"""dictare's own commands, as they come from PyPI, with Vox in the place of dictare's engine."""

import os
import pty
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import jiwer
import pytest

from tests import pulse
from tests.e2e.openvip import OpenVip
from tests.e2e.test_aloud import heard
from tests.e2e.test_live import transcript_of
from tests.e2e.test_speech import AUDIO, SENTENCES, plain
from tests.reference import Dictare, dictare
from vox.client import Client

__all__ = ["dictare"]

pytestmark = pytest.mark.heavy

BOUND_S = 60

TAKES_A_LINE = "import sys; print('there', flush=True); sys.exit(7 if input() == sys.argv[1] else 1)"
"""Of the program that is spoken to: its status says whether it got the line it is told of."""


def test_what_is_sent_is_one_line(dictare: Dictare, door: OpenVip) -> None:
    with dictare.command(door.port, "transcribe") as process:
        door.wait_for("transcribe")
        door.tell("transcribe", "write a test", "newline")
        door.tell("transcribe", "for the parser", "submit")
        output, errors = process.communicate(timeout=BOUND_S)
    assert (process.returncode, output) == (0, "write a test for the parser\n"), errors
    assert errors == "Listening as agent 'transcribe'... (submit to send)\n"


def test_what_is_said_is_one_line(dictare: Dictare, door: OpenVip, sound: pulse.SoundServer) -> None:
    with dictare.command(door.port, "transcribe", "--auto-submit", "--agent-id", "writer") as process:
        door.wait_for("writer")
        door.wait_until_listening()
        sound.play(AUDIO / "librivox-0880.wav")
        output, errors = process.communicate(timeout=BOUND_S)
    assert process.returncode == 0 and output.count("\n") == 1, errors
    assert jiwer.wer(transcript_of("librivox-0880"), plain(output)) <= 0.2


def test_an_id_that_is_taken(dictare: Dictare, door: OpenVip) -> None:
    with dictare.command(door.port, "transcribe") as first:
        door.wait_for("transcribe")
        with dictare.command(door.port, "transcribe") as second:
            output, _ = second.communicate(timeout=BOUND_S)
        assert second.returncode == 1 and "already connected" in output
        first.terminate()
        first.communicate(timeout=BOUND_S)


def test_what_is_piped_in_is_heard(
    dictare: Dictare, door: OpenVip, vox: Client, sound: pulse.SoundServer, tmp_path: Path
) -> None:
    with sound.recording() as recording, dictare.command(door.port, "speak", stdin=subprocess.PIPE) as process:
        output, errors = process.communicate(SENTENCES[6], timeout=BOUND_S)
    assert process.returncode == 0 and output.startswith("Spoken via engine ("), output + errors
    told_ms = int(output.partition("(")[2].partition("ms)")[0])
    assert 1000 < told_ms < 10_000
    assert jiwer.wer(plain(SENTENCES[6]), heard(vox, tmp_path / "heard.wav", recording.samples())) <= 0.2


def test_a_pipe_from_the_microphone_to_the_loudspeaker(
    dictare: Dictare, door: OpenVip, vox: Client, sound: pulse.SoundServer, tmp_path: Path
) -> None:
    line = "dictare transcribe --auto-submit | sed -e 's/^/You said: /' | dictare speak --quiet"
    environment = dictare.environ(door.port)
    environment["PATH"] = f"{dictare.program.parent}{os.pathsep}{environment['PATH']}"
    with subprocess.Popen(["sh", "-c", line], env=environment, stdin=subprocess.DEVNULL, stdout=-1) as process:
        door.wait_for("transcribe")
        door.wait_until_listening()
        sound.play(AUDIO / "librivox-0880.wav")
        with sound.recording() as recording:
            output, _ = process.communicate(timeout=BOUND_S)
    assert (process.returncode, output) == (0, b"")
    wanted = f"you said {transcript_of('librivox-0880')}"
    assert jiwer.wer(wanted, heard(vox, tmp_path / "heard.wav", recording.samples())) <= 0.3


def test_a_program_in_a_terminal_is_spoken_to(dictare: Dictare, door: OpenVip) -> None:
    command = ["agent", "worker", "--", sys.executable, "-c", TAKES_A_LINE, "run all tests"]
    with _terminal() as (screen, inside):
        process = subprocess.Popen(
            [dictare.program, *command],
            env=dictare.environ(door.port),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            cwd=dictare.home,
            start_new_session=True,
        )
        shown = b""
        while b"there" not in shown:
            shown += os.read(screen, 4096)
        door.wait_for("worker")
        assert door.status()["platform"]["output"]["current_agent"] == "worker"
        door.tell("worker", "run all tests", "submit")
        assert process.wait(BOUND_S) == 7, shown


@contextmanager
def _terminal() -> Generator[tuple[int, int]]:
    screen, inside = pty.openpty()
    with closing(os.fdopen(screen, "rb", 0)), closing(os.fdopen(inside, "rb", 0)):
        yield screen, inside
