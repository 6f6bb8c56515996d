"""Playing: every block reaches the device in order, and an interruption silences it."""

import subprocess
import sys
import types

import numpy as np
import pytest

from vox.audio.encode import encode
from vox.audio.pcm import Pcm
from vox.audio.playback import NoDeviceError, open_device, play
from vox.errors import UnsupportedAudio


class Loudspeaker:
    """A device that keeps what it plays; it breaks when the block with number `broken_at` arrives."""

    def __init__(self, broken_at: int = -1) -> None:
        self.blocks: list[bytes] = []
        self.opened: tuple[int, int] | None = None
        self.calls: list[str] = []
        self._broken_at = broken_at

    def open(self, rate: int, channels: int) -> "Loudspeaker":
        self.opened = (rate, channels)
        return self

    def write(self, data: bytes) -> None:
        if len(self.blocks) == self._broken_at:
            raise KeyboardInterrupt
        self.blocks.append(data)

    def stop(self) -> None:
        self.calls.append("stop")

    def abort(self) -> None:
        self.calls.append("abort")

    def close(self) -> None:
        self.calls.append("close")


def test_every_sample_is_played_in_short_blocks(tone):
    speech = Pcm(tone(24_000, 1.03), 24_000)
    device = Loudspeaker()
    assert play(encode(speech, "wav"), device.open) == pytest.approx(1.03)
    assert device.opened == (24_000, 1)
    assert b"".join(device.blocks) == speech.to_int16().tobytes()
    assert {len(block) for block in device.blocks[:-1]} == {2 * 24_000 // 20}
    assert device.calls == ["stop", "close"]


def test_an_interruption_silences_the_device_at_once(tone):
    device = Loudspeaker(broken_at=3)
    with pytest.raises(KeyboardInterrupt):
        play(encode(Pcm(tone(16_000, 1.0), 16_000), "wav"), device.open)
    assert len(device.blocks) == 3 and device.calls == ["abort", "close"]


def test_nothing_to_play(sound_bytes):
    device = Loudspeaker()
    assert play(encode(Pcm(np.zeros(0, np.float32), 16_000), "wav"), device.open) == 0
    assert (device.blocks, device.calls) == ([], ["stop", "close"])


@pytest.mark.parametrize("subtype", ["FLOAT", "PCM_24"])
def test_other_wavs_are_refused_before_a_device_is_opened(tone, sound_bytes, subtype):
    device = Loudspeaker()
    with pytest.raises(UnsupportedAudio):
        play(sound_bytes(tone(16_000), 16_000, "WAV", subtype), device.open)
    assert device.opened is None


def test_a_machine_without_sound_says_what_is_missing(monkeypatch):
    class PortAudioError(Exception):
        pass

    def refuse(**_: object) -> None:
        raise PortAudioError("Error querying device -1")

    library = types.SimpleNamespace(PortAudioError=PortAudioError, RawOutputStream=refuse)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    with pytest.raises(NoDeviceError, match=r"no sound device \(Error querying device -1\)"):
        open_device(16_000, 1)


def test_loading_the_module_loads_no_sound_library():
    program = "import vox.audio.playback, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=30, encoding="utf-8")
    assert not {"sounddevice", "numpy", "soundfile", "anyio"} & set(run.stdout.split())
