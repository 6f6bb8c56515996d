"""Whole conversations, from a microphone to a loudspeaker: with an agent, and with a tool of the shell in a pipe."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import jiwer
import numpy as np
import openvip
import pytest

from tests import pulse
from tests.cli.daemons import environment, wait_until
from tests.e2e.openvip import OpenVip
from tests.e2e.test_aloud import AUDIBLE, RATE, heard
from tests.e2e.test_speech import SENTENCES, plain
from vox.client import Client

pytestmark = pytest.mark.heavy

BOUND_S = 60
QUIET_S = 1.0
"""Of silence after which an answer is over."""


@pytest.fixture(scope="module")
def sentences(vox: Client, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Path]]:
    """What is said, and recordings of it."""
    folder, made = tmp_path_factory.mktemp("said"), []
    for number, text in enumerate((SENTENCES[5], SENTENCES[13])):
        clip = folder / f"{number}.wav"
        clip.write_bytes(vox.synthesize(text).audio)
        made.append((text, clip))
    return made


class Repeater(threading.Thread):
    """An agent that repeats what it is told until it was told so many things, with the client's own few lines."""

    def __init__(self, url: str, most: int = 1) -> None:
        super().__init__(name="repeater")
        self.url, self.most, self.told = url, most, list[openvip.Transcription]()
        self.spoken: list[openvip.SpeechResponse] = []
        self.start()

    def run(self) -> None:
        client = openvip.Client(self.url, timeout=BOUND_S)
        for event in client.subscribe("repeater"):
            if isinstance(event, openvip.Transcription) and event.text:
                self.told.append(event)
                self.spoken.append(client.speak(f"You said: {event.text}"))
            if len(self.told) == self.most:
                return


def test_an_agent_is_told_what_is_said_and_its_answer_is_heard(
    door: OpenVip, vox: Client, sound: pulse.SoundServer, sentences: list[tuple[str, Path]], tmp_path: Path
) -> None:
    said, clip = sentences[0]
    agent = Repeater(door.url)
    door.wait_for("repeater")
    door.wait_until_listening()
    with sound.recording() as recording:
        sound.play(clip)
        agent.join(BOUND_S)
        assert agent.told and agent.spoken, "the agent was told nothing"
    event, answer = agent.told[0], agent.spoken[0]
    assert jiwer.wer(plain(said), plain(event.text)) <= 0.2
    assert event.language == "en" and event.partial is not True
    assert event.x_input is not None and [str(op) for op in event.x_input.ops] == ["newline"]
    assert jiwer.wer(f"you said {plain(said)}", heard(vox, tmp_path / "heard.wav", recording.samples())) <= 0.25
    audible = np.count_nonzero(np.abs(recording.samples()) > AUDIBLE) / RATE
    assert answer.duration_ms is not None and answer.duration_ms > 1000 * audible


def test_an_agent_is_not_told_its_own_words(
    door: OpenVip, sound: pulse.SoundServer, sentences: list[tuple[str, Path]]
) -> None:
    agent = Repeater(door.url, most=len(sentences))
    door.wait_for("repeater")
    with sound.echoing():
        for said, clip in sentences:
            door.wait_until_listening()
            before = len(agent.spoken)
            sound.play(clip)
            wait_until(lambda before=before: len(agent.spoken) > before)
            assert jiwer.wer(plain(said), plain(agent.told[-1].text)) <= 0.2
    agent.join(BOUND_S)
    assert len(agent.told) == len(sentences)


def test_a_conversation_through_a_pipe(
    door: OpenVip, vox: Client, sound: pulse.SoundServer, sentences: list[tuple[str, Path]], tmp_path: Path
) -> None:
    with piped(vox, sound, "sed -u -e 's/^/You said: /'", tmp_path / "errors.log") as process:
        door.wait_for("transcribe")
        for number, (said, clip) in enumerate(sentences):
            door.wait_until_listening()
            with sound.recording() as recording:
                sound.play(clip)
                wait_until_answered(recording)
            answer = heard(vox, tmp_path / f"{number}.wav", recording.samples())
            assert jiwer.wer(f"you said {plain(said)}", answer) <= 0.25
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all of them
        output, _ = process.communicate(timeout=BOUND_S)
    assert output == b""


def test_a_pipe_is_not_told_its_own_words(
    door: OpenVip, vox: Client, sound: pulse.SoundServer, sentences: list[tuple[str, Path]], tmp_path: Path
) -> None:
    told = tmp_path / "told"
    with piped(vox, sound, f"tee {told} | sed -u -e 's/^/You said: /'", tmp_path / "errors.log") as process:
        door.wait_for("transcribe")
        with sound.echoing():
            for _, clip in sentences:
                door.wait_until_listening()
                with sound.recording() as recording:
                    sound.play(clip)
                    recording.wait(6)  # time enough to hear the answer, and oneself
        os.killpg(process.pid, signal.SIGINT)
        process.wait(BOUND_S)
    assert len(told.read_text(encoding="utf-8").splitlines()) == len(sentences)


@contextlib.contextmanager
def piped(vox: Client, sound: pulse.SoundServer, tool: str, errors: Path) -> Generator["subprocess.Popen[bytes]"]:
    """`vox transcribe | TOOL | vox speak`, line by line, as a shell runs it."""
    command = f"{sys.executable} -P -m vox"
    line = f"{command} transcribe --follow | {tool} | {command} speak --lines"
    with errors.open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", line],
            env=environment(vox.home) | sound.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until_answered(recording: pulse.Recording) -> None:
    """Until something was heard, and then nothing more for a while."""
    last = int(QUIET_S * RATE)
    wait_until(lambda: np.any(np.abs(recording.samples()) > AUDIBLE))
    wait_until(lambda: not np.any(np.abs(recording.samples()[-last:]) > AUDIBLE))
