"""A real microphone, on a sound server of the tests' own: what is said is recorded, and a device that goes is told."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.pulse import HEADSET, MICROPHONE
from vox.audio import capture, devices, input_stream
from vox.audio.capture import Capture, open_microphone
from vox.audio.microphone import RATE, Block
from vox.errors import MicrophoneUnavailable

pytestmark = pytest.mark.anyio


@pytest.fixture
def server(sound_server, monkeypatch):
    """The shared server, for this process."""
    sound_server.here(monkeypatch)
    return sound_server


@pytest.fixture
def own_server(own_sound_server, monkeypatch):
    """A server to break, for this process."""
    own_sound_server.here(monkeypatch)
    return own_sound_server


async def opened(name: str | None = None, **options: str) -> Capture:
    return await asyncio.to_thread(lambda: open_microphone(name, **options))


async def read(microphone: Capture, seconds: float = 60.0) -> list[Block]:
    """Blocks until the end, or until so much was heard."""
    blocks, heard = [], 0
    async for block in microphone.blocks():
        blocks.append(block)
        heard += len(block.samples)
        if heard >= seconds * RATE:
            break
    return blocks


async def record(server, microphone: Capture, clip: Path, into: str = MICROPHONE) -> list[Block]:
    """What the microphone hears of a clip, which is closed when all of it was heard."""
    reading = asyncio.create_task(read(microphone))
    await asyncio.to_thread(server.play, clip, f"{into}_in")
    await asyncio.to_thread(microphone.close)
    return await asyncio.wait_for(reading, 10)


def joined(blocks: list[Block]) -> np.ndarray:
    return np.concatenate([block.samples for block in blocks])


def likeness(heard: np.ndarray, clip: Path) -> float:
    """How much of the clip is in what was heard, in one piece and at its speed: the correlation at the best place."""
    said = soundfile.read(clip, dtype="float64")[0]
    size = 1 << (len(heard) + len(said)).bit_length()
    spectrum = np.fft.rfft(heard.astype(np.float64), size) * np.conj(np.fft.rfft(said, size))
    at = int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard)]))
    there = heard[at : at + len(said)].astype(np.float64)
    return float(there @ said[: len(there)] / (np.linalg.norm(there) * np.linalg.norm(said)))


async def test_what_is_said_is_recorded_whole(server, short_clip):
    microphone = await opened()
    assert microphone.device == "default"
    assert server.listeners(MICROPHONE) == 1
    blocks = await record(server, microphone, short_clip)
    assert likeness(joined(blocks), short_clip) > 0.97
    assert sum(block.lost for block in blocks) == 0
    assert {block.samples.dtype for block in blocks} == {np.dtype(np.int16)}
    assert max(len(block.samples) for block in blocks) <= RATE // 10
    assert server.listeners(MICROPHONE) == 0


@pytest.fixture
def rigid(server, monkeypatch):
    """Devices that run at 48 kHz in stereo and take nothing else."""
    import sounddevice  # there is none where the tests that need it are skipped

    class Rigid(sounddevice.RawInputStream):
        def __init__(self, **options) -> None:
            if (options["samplerate"], options["channels"]) != (48_000, 2):
                raise sounddevice.PortAudioError("Invalid sample rate", -9997)
            super().__init__(**options)

    monkeypatch.setattr(sounddevice, "RawInputStream", Rigid)
    return server


async def test_a_device_that_runs_at_another_rate_gives_sixteen_kilohertz_mono(rigid, short_clip, monkeypatch):
    listed = devices.list_devices
    monkeypatch.setattr(capture, "list_devices", lambda *given: [replace(one, rate=48_000) for one in listed(*given)])
    blocks = await record(rigid, await opened(MICROPHONE), short_clip)
    assert likeness(joined(blocks), short_clip) > 0.97


async def test_a_device_that_takes_no_form_is_told(rigid):
    with pytest.raises(MicrophoneUnavailable, match=r"vox_mic cannot be opened .*Invalid sample rate"):
        await opened(MICROPHONE)


async def test_nothing_is_lost_before_the_first_look(server, short_clip):
    microphone = await opened()
    await asyncio.to_thread(server.play, short_clip)
    microphone.close()
    blocks = await read(microphone)
    assert likeness(joined(blocks), short_clip) > 0.97
    assert sum(block.lost for block in blocks) == 0


async def test_what_nobody_takes_is_counted_and_not_kept(server, short_clip, monkeypatch):
    monkeypatch.setattr(input_stream, "_KEPT_S", 0.5)
    microphone = await opened()
    await asyncio.to_thread(server.play, short_clip)
    microphone.close()
    blocks = await read(microphone)
    assert 0.4 * RATE < len(joined(blocks)) <= 0.5 * RATE
    assert blocks[0].lost > 2 * RATE
    assert not any(block.lost for block in blocks[1:])


async def test_a_closed_microphone_can_be_opened_at_once_and_closing_twice_is_nothing(server):
    for _ in range(3):
        microphone = await opened(MICROPHONE)
        assert len(joined(await read(microphone, 0.05)))
        microphone.close()
        assert server.listeners(MICROPHONE) == 0
        microphone.close()
        assert len(await read(microphone, 30)) < 20


async def test_two_microphones_are_two(server, short_clip):
    near, far = await opened(MICROPHONE), await opened(HEADSET)
    near_blocks, far_blocks = await asyncio.gather(
        record(server, near, short_clip), record(server, far, short_clip, into=HEADSET)
    )
    assert likeness(joined(near_blocks), short_clip) > 0.97
    assert likeness(joined(far_blocks), short_clip) > 0.97


async def test_a_name_that_is_not_there_is_told_and_a_preference_is_not(server):
    with pytest.raises(MicrophoneUnavailable, match=r"no microphone 'tin can'.* vox_mic") as told:
        await opened("tin can")
    assert HEADSET in told.value.details["known"]
    for preferred, taken in (("tin can", "default"), ("Vox_Headset", HEADSET)):
        microphone = await opened(preferred=preferred)
        microphone.close()
        assert microphone.device == taken


async def test_a_microphone_that_falls_silent_is_replaced_by_the_default_one(own_server, short_clip, monkeypatch):
    monkeypatch.setattr(capture, "_STALL_S", 0.5)
    microphone = await opened(HEADSET)
    reading = asyncio.create_task(read(microphone))
    await asyncio.to_thread(own_server.hang, HEADSET)
    while microphone.device == HEADSET:
        await asyncio.sleep(0.01)
    await asyncio.to_thread(own_server.play, short_clip)
    microphone.close()
    blocks = await asyncio.wait_for(reading, 10)
    assert microphone.device == "default"
    assert likeness(joined(blocks), short_clip) > 0.97
    assert 0.5 * RATE < sum(block.lost for block in blocks) < 2 * RATE


async def test_a_microphone_without_a_successor_ends_typed(own_server, monkeypatch):
    monkeypatch.setattr(capture, "_STALL_S", 0.5)
    microphone = await opened()
    reading = asyncio.create_task(read(microphone))
    await asyncio.to_thread(own_server.stop)
    with pytest.raises(MicrophoneUnavailable, match="There is no microphone here"):
        await asyncio.wait_for(reading, 10)
    microphone.close()


async def test_closing_while_a_successor_is_sought_leaves_nothing_open(own_server, monkeypatch):
    monkeypatch.setattr(capture, "_STALL_S", 0.2)
    seeking, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    opening = capture.open_stream

    def slowly(name, preferred):
        loop.call_soon_threadsafe(seeking.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
        return opening(name, preferred)

    microphone = await opened(HEADSET)
    monkeypatch.setattr(capture, "open_stream", slowly)
    reading = asyncio.create_task(read(microphone))
    await asyncio.to_thread(own_server.hang, HEADSET)
    await asyncio.wait_for(seeking.wait(), 10)
    microphone.close()
    go_on.set()
    await asyncio.wait_for(reading, 10)
    assert own_server.listeners(MICROPHONE) == 0


async def test_a_device_that_never_gives_anything_is_told(own_server, monkeypatch):
    monkeypatch.setattr(input_stream, "_FIRST_S", 0.3)
    own_server.hang(MICROPHONE)
    with pytest.raises(MicrophoneUnavailable, match="gives no sound"):
        await opened(MICROPHONE)
