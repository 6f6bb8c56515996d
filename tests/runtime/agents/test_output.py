"""A loudspeaker that hangs holds nobody up."""

import threading

import anyio
import pytest

from tests.runtime.agents.conftest import Loudspeaker
from vox.errors import SpeakerUnavailable
from vox.runtime.agents import output as module
from vox.runtime.agents.output import Output
from vox.types import AudioChunk

pytestmark = pytest.mark.anyio

CHUNK = AudioChunk(bytes(3200), 16_000)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.1)


async def test_a_device_that_hangs_is_left_alone_until_it_comes_back() -> None:
    loudspeaker, opened = Loudspeaker(), threading.Event()

    def hanging(rate: int, channels: int) -> Loudspeaker:
        assert opened.wait(20)
        return loudspeaker.open(rate, channels)

    output = Output(hanging)
    with pytest.raises(SpeakerUnavailable, match="The sound device hangs"):
        await output.play(CHUNK)
    before = threading.active_count()
    with pytest.raises(SpeakerUnavailable, match="The sound device hangs"):
        await output.play(CHUNK)
    assert threading.active_count() == before, "no second thread is given to it"
    opened.set()
    with anyio.fail_after(5):
        while True:
            try:
                await output.play(CHUNK)
                break
            except SpeakerUnavailable:
                await anyio.sleep(0.01)
    await output.close()
    assert loudspeaker.played.endswith(CHUNK.pcm)


async def test_a_device_that_is_missing_is_tried_anew() -> None:
    loudspeaker = Loudspeaker()
    output = Output(loudspeaker.open)
    loudspeaker.missing = "no sound device"
    with pytest.raises(SpeakerUnavailable, match="no sound device"):
        await output.play(CHUNK)
    loudspeaker.missing = ""
    await output.play(CHUNK)
    await output.drain()
    assert loudspeaker.played == CHUNK.pcm
    await output.interrupt()
    assert loudspeaker.log == ["open 16000", "abort", "close"]
