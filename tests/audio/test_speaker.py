"""A queue of speech: in order, without pauses, until it is interrupted."""

import array
import threading

import pytest

from tests.audio.test_playback import Loudspeaker
from vox.audio.playback import NoDeviceError, Player
from vox.audio.speaker import Speaker


class Rack:
    """Hands out a loudspeaker for each time one is opened."""

    def __init__(self, *devices: Loudspeaker) -> None:
        self.devices = list(devices)
        self.opened: list[Loudspeaker] = []

    def open(self, rate: int, channels: int) -> Loudspeaker:
        device = self.devices.pop(0) if self.devices else Loudspeaker()
        self.opened.append(device)
        return device.open(rate, channels)


def test_utterances_follow_each_other_on_one_device():
    rack = Rack()
    speaker = Speaker(opened=rack.open)
    for piece in (b"aa", b"bbbb", b"cc"):
        speaker.put(piece, 16_000)
        speaker.wait_for_room()
    speaker.finish()
    (device,) = rack.opened
    assert b"".join(device.blocks) == b"aabbbbcc" and device.calls == ["stop", "close"]


def test_another_rate_is_played_behind_what_came_before():
    rack = Rack()
    speaker = Speaker(opened=rack.open)
    speaker.put(b"aa", 16_000)
    speaker.put(b"bb", 24_000)
    assert (rack.opened[0].blocks, rack.opened[0].calls) == ([b"aa"], ["stop", "close"])
    speaker.finish()
    assert [device.opened for device in rack.opened] == [(16_000, 1), (24_000, 1)]


def test_an_interruption_drops_what_waits_and_the_next_is_heard():
    rack = Rack(held := Loudspeaker(held_at=0))
    speaker = Speaker(opened=rack.open)
    speaker.put(bytes(16_000 * 2 * 60), 16_000)
    assert held.held.wait(10)
    player = speaker._player
    assert player is not None
    interrupting = threading.Thread(target=speaker.interrupt)
    interrupting.start()
    assert player._aborted.wait(10)
    held.go_on.set()
    interrupting.join(10)
    assert len(held.blocks) == 1 and held.calls == ["abort", "close"]
    speaker.put(b"zz", 16_000)
    speaker.finish()
    assert rack.opened[1].blocks == [b"zz"]
    speaker.interrupt()


def test_who_makes_speech_waits_for_who_hears_it():
    device = Loudspeaker(held_at=0)
    speaker = Speaker(opened=device.open)
    speaker.put(bytes(2 * 1600 * 3), 16_000)
    waited = threading.Thread(target=speaker.wait_for_room, args=(0.1,))
    waited.start()
    assert device.held.wait(10) and waited.is_alive()
    device.go_on.set()
    waited.join(10)
    assert not waited.is_alive()
    speaker.finish()


def test_the_volume_may_change_while_it_plays():
    device = Loudspeaker(held_at=0)
    speaker = Speaker(0.5, device.open)
    loud = array.array("h", [20_000, -20_000] * 800).tobytes()
    speaker.put(loud * 2, 16_000)
    assert device.held.wait(10)
    speaker.volume = 2.0
    device.go_on.set()
    speaker.finish()
    first, last = (array.array("h", device.blocks[index]) for index in (0, -1))
    assert set(first) == {10_000, -10_000} and set(last) == {32_767, -32_768}
    assert (speaker.volume, Player(8_000, opened=Loudspeaker().open).volume) == (2.0, 1.0)


def test_a_device_that_fails_keeps_nobody_waiting():
    device = Loudspeaker(broken_at=0)
    speaker = Speaker(opened=device.open)
    speaker.put(bytes(16_000 * 2 * 60), 16_000)
    with pytest.raises(NoDeviceError, match="unplugged"):
        speaker.wait_for_room()
    with pytest.raises(NoDeviceError):
        speaker.finish()
