"""Playing: every block reaches the device in order, and an interruption silences it."""

import subprocess
import sys
import threading
import types

import pytest

from vox.audio.playback import NoDeviceError, Player, open_device


class Loudspeaker:
    """A device that keeps what it plays; it breaks when the block with number `broken_at` arrives, and holds its
    listener up at the one with number `held_at` until `go_on`."""

    def __init__(self, broken_at: int = -1, held_at: int = -1) -> None:
        self.blocks: list[bytes] = []
        self.opened: tuple[int, int] | None = None
        self.calls: list[str] = []
        self.held, self.go_on = threading.Event(), threading.Event()
        self._broken_at, self._held_at = broken_at, held_at

    def open(self, rate: int, channels: int) -> "Loudspeaker":
        self.opened = (rate, channels)
        return self

    def write(self, data: bytes) -> None:
        if len(self.blocks) == self._broken_at:
            raise OSError("unplugged")
        self.blocks.append(data)
        if len(self.blocks) - 1 == self._held_at:
            self.held.set()
            assert self.go_on.wait(10)

    def stop(self) -> None:
        self.calls.append("stop")

    def abort(self) -> None:
        self.calls.append("abort")

    def close(self) -> None:
        self.calls.append("close")


def test_every_sample_is_played_in_short_blocks():
    device = Loudspeaker()
    player = Player(24_000, opened=device.open)
    pieces = [bytes([number]) * size for number, size in enumerate((2, 24_000 * 2, 0, 2 * 1234))]
    for piece in pieces:
        player.put(piece)
    player.finish()
    assert device.opened == (24_000, 1)
    assert b"".join(device.blocks) == b"".join(pieces)
    assert max(map(len, device.blocks)) == 2 * 24_000 // 20
    assert device.calls == ["stop", "close"]
    player.abort()
    assert device.calls == ["stop", "close"]


def test_it_plays_before_everything_is_there():
    device = Loudspeaker(held_at=0)
    player = Player(16_000, opened=device.open)
    player.put(b"ab")
    assert device.held.wait(10)
    player.put(b"cd")  # does not wait for the listener
    device.go_on.set()
    player.finish()
    assert device.blocks == [b"ab", b"cd"]


def test_an_interruption_silences_the_device_at_once(monkeypatch):
    device = Loudspeaker(held_at=3)
    player = Player(16_000, opened=device.open)
    player.put(bytes(16_000 * 2))
    assert device.held.wait(10)
    joined = player._thread.join

    def interrupted() -> None:
        monkeypatch.setattr(player._thread, "join", joined)
        player._aborted.set()
        device.go_on.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(player._thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        player.finish()
    assert len(device.blocks) == 4 and device.calls == ["abort", "close"]


def test_nothing_to_play():
    device = Loudspeaker()
    Player(16_000, 2, device.open).finish()
    assert (device.blocks, device.calls, device.opened) == ([], ["stop", "close"], (16_000, 2))


def test_a_device_that_fails_is_told_of():
    device = Loudspeaker(broken_at=1)
    player = Player(16_000, opened=device.open)
    player.put(bytes(16_000))
    with pytest.raises(NoDeviceError, match="the sound device failed \\(unplugged\\)"):
        player.finish()
    with pytest.raises(NoDeviceError):
        player.put(b"ab")
    assert device.calls == ["close"]


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
