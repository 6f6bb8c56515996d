"""The tests' own sound server: what is played into its microphone is what is heard there."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.pulse import HEADSET, MICROPHONE, SPEAKER

CLIP = Path(__file__).parents[1] / "docs" / "audio" / "librivox-0880.wav"


def test_a_clip_played_into_the_microphone_is_heard_there_and_nowhere_else(sound_server):
    with sound_server.recording(MICROPHONE) as near, sound_server.recording(HEADSET) as far:
        assert sound_server.listeners(MICROPHONE) == 1
        sound_server.play(CLIP)
    assert np.abs(near.samples().astype(int)).max() > 3000
    assert len(near.samples()) > 2.9 * near.rate
    assert not far.samples().any()


def test_what_a_child_process_plays_is_heard_at_the_loudspeaker(sound_server):
    program = (
        "import sounddevice, numpy\n"
        "with sounddevice.OutputStream(samplerate=48000, channels=1, latency=0.1) as stream:\n"
        "    stream.write(0.5 * numpy.sin(numpy.arange(24000, dtype='float32') * 0.1)[:, None])\n"
    )
    with sound_server.recording(f"{SPEAKER}.monitor") as recording:
        sound_server.python(program)
    loud = np.abs(recording.samples().astype(int)) > 5000
    assert 0.2 < loud.sum() / recording.rate < 0.5


def test_a_microphone_can_be_unplugged_and_plugged_in_again(own_sound_server):
    own_sound_server.unplug(HEADSET)
    with pytest.raises(AssertionError), own_sound_server.recording(HEADSET, rate=16_000):
        pass
    own_sound_server.plug(HEADSET)
    with own_sound_server.recording(HEADSET) as recording:
        recording.wait(0.1)


def test_nothing_is_left_of_a_server(own_sound_server):
    own_sound_server.stop()
    assert subprocess.run(["pactl", "-s", own_sound_server.environment["PULSE_SERVER"], "info"]).returncode
