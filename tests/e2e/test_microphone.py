"""What is said into the microphone is understood: captured from a virtual one, cut into utterances, recognised."""

import asyncio
import wave
from pathlib import Path

import jiwer
import numpy as np
import pytest

from tests.e2e.conftest import StartDaemon
from tests.e2e.test_speech import AUDIO, plain
from tests.pulse import SoundServer
from vox.audio.capture import Capture, open_microphone
from vox.audio.endpoint import Endpointer

SAID = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


async def captured(server: SoundServer, microphone: Capture, clip: Path) -> np.ndarray:
    """What the microphone hears until the clip is over."""

    async def read() -> np.ndarray:
        return np.concatenate([block.samples async for block in microphone.blocks()])

    reading = asyncio.create_task(read())
    await asyncio.to_thread(server.play, clip)
    microphone.close()
    return await reading


def test_a_recording_from_the_microphone_is_understood_as_a_whole_and_in_utterances(
    start_daemon: StartDaemon, sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sound_server.here(monkeypatch)
    samples = asyncio.run(captured(sound_server, open_microphone(), AUDIO / "jfk.wav"))
    path = tmp_path / "captured.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    endpointer = Endpointer()
    utterances = [*endpointer.feed(samples), *endpointer.end()]
    vox = start_daemon()
    whole = vox.transcribe(path).text
    parts = []
    for number, utterance in enumerate(utterances):
        part = tmp_path / f"{number}.wav"
        part.write_bytes(utterance.wav())
        parts.append(vox.transcribe(part).text)
    assert len(utterances) >= 2  # the speaker pauses
    assert jiwer.wer(SAID, plain(whole)) <= 0.10
    assert jiwer.wer(SAID, plain(" ".join(parts))) <= 0.10
