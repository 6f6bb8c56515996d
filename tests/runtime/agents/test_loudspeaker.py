"""A real output device: what is said is heard, whole, and a stop is heard at once."""

import json

import numpy as np
import pytest

from tests.pulse import SoundServer

SPEAKS = """
import json, sys, time
import anyio
from tests.runtime.agents.conftest import Speaking
from vox.runtime.agents.voicebox import Voicebox
from vox.runtime.requests import SynthesizeRequest

async def main(stops):
    voicebox = Voicebox(Speaking(), lambda: None, lambda *_: None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(voicebox.run)
        begin = time.monotonic()
        if stops:
            tasks.start_soon(voicebox.say, SynthesizeRequest("x" * 50))
            while not voicebox.sounds:
                await anyio.sleep(0.01)
            await anyio.sleep(0.5)
            begin = time.monotonic()
            await voicebox.stop()
            took = time.monotonic() - begin
        else:
            async with anyio.create_task_group() as sayings:
                for text in ("x" * 10, "y" * 5):
                    sayings.start_soon(voicebox.say, SynthesizeRequest(text))
            took = time.monotonic() - begin
        while voicebox.sounds:
            await anyio.sleep(0.01)
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
    assert 1.0 < took_s < 4


def test_a_stop_is_heard_at_once(own_sound_server: SoundServer) -> None:
    sounded_s, took_s = heard_s(own_sound_server, "stop")
    assert 0 < sounded_s < 2.5 and took_s < 1.5
