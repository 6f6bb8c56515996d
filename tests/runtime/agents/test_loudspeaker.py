"""A real output device: what is said is heard, whole, and a stop is heard at once."""

import json

import numpy as np
import pytest

from tests.pulse import SoundServer

SPEAKS = """
import json, sys, time
import anyio
from tests.runtime.agents.conftest import Speaking
from tests.runtime.conftest import until
from vox.audio.playback import open_device
from vox.runtime.agents.voicebox import Voicebox
from vox.runtime.requests import SynthesizeRequest

class Device:
    def __init__(self, rate, channels):
        self.device, self.least, self.written = open_device(rate, channels), rate, 0
        opened.append(self)

    def write(self, data):
        self.device.write(data)
        self.written += len(data)

    def __getattr__(self, name):
        return getattr(self.device, name)

opened = []

async def main(stops):
    voicebox = Voicebox(Speaking(), lambda: None, lambda *_: None, Device)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(voicebox.run)
        begin = time.monotonic()
        if stops:
            tasks.start_soon(voicebox.say, SynthesizeRequest("x" * 50))
            await until(lambda: opened and opened[0].written >= opened[0].least)  # half a second of two-byte samples
            begin = time.monotonic()
            await voicebox.stop()
            took = time.monotonic() - begin
        else:
            async with anyio.create_task_group() as sayings:
                for text in ("x" * 10, "y" * 5):
                    sayings.start_soon(voicebox.say, SynthesizeRequest(text))
            took = time.monotonic() - begin
        await until(lambda: not voicebox.sounds)
        print(json.dumps(took))
        tasks.cancel_scope.cancel()

anyio.run(main, sys.argv[1] == "stop")
"""


def heard_s(server: SoundServer, what: str) -> tuple[float, float]:
    """How long it sounded, and how long whoever asked has waited."""
    with server.recording() as recording:
        took = json.loads(server.python(SPEAKS, what))
    return float(np.count_nonzero(recording.samples())) / recording.rate, took


def test_what_is_said_is_heard_whole_and_without_a_pause(own_sound_server: SoundServer) -> None:
    sounded_s, took_s = heard_s(own_sound_server, "all")
    assert sounded_s == pytest.approx(1.5, abs=0.02)
    assert took_s > 1.0, "whoever asked was answered before it was heard"


def test_a_stop_is_heard_at_once(own_sound_server: SoundServer) -> None:
    sounded_s, took_s = heard_s(own_sound_server, "stop")
    assert 0 < sounded_s < 3 and took_s < 3, "of the five seconds of the text"
