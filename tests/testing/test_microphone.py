"""A fake microphone hears exactly what its clock lets it hear."""

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from vox.audio.microphone import Microphone, OpenMicrophone
from vox.errors import MicrophoneUnavailable
from vox.testing import FakeMicrophone

SECOND = np.arange(1, 16_001, dtype=np.int16)


async def heard(microphone: Microphone) -> tuple[list[int], int]:
    """All samples until the microphone is closed, and how many were lost."""
    blocks = [block async for block in microphone.blocks()]
    return [int(sample) for block in blocks for sample in block.samples], sum(block.lost for block in blocks)


def listen(microphone: FakeMicrophone) -> tuple[list[int], int]:
    microphone.close()
    return asyncio.run(heard(microphone))


def opened(**options: object) -> FakeMicrophone:
    microphone = FakeMicrophone(SECOND, **options)  # type: ignore[arg-type]
    opener: OpenMicrophone = microphone.open
    assert opener(None) is microphone
    return microphone


def test_time_goes_by_as_the_test_says() -> None:
    microphone = opened()
    microphone.advance(0.25)
    microphone.advance(0.5)
    assert (microphone.now_s, microphone.rest_s) == (0.75, 0.25)
    assert listen(microphone) == (SECOND[:12_000].tolist(), 0)


def test_after_the_recording_it_is_silent() -> None:
    microphone = opened()
    microphone.play(then_silence_s=0.5)
    assert listen(microphone) == ([*SECOND.tolist(), *[0] * 8000], 0)


def test_blocks_have_their_size_but_for_the_last() -> None:
    async def sizes(microphone: FakeMicrophone) -> list[int]:
        return [len(block.samples) async for block in microphone.blocks()]

    microphone = opened(block_s=0.4, at_once=True)
    microphone.close()
    assert asyncio.run(sizes(microphone)) == [6400, 6400, 3200]


def test_listeners_wait_for_time_to_go_by() -> None:
    async def scene() -> None:
        microphone = opened(block_s=0.1)
        listening = asyncio.create_task(heard(microphone))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not listening.done()
        await asyncio.to_thread(microphone.advance, 0.2)
        await asyncio.to_thread(microphone.close)
        assert await asyncio.wait_for(listening, 10) == (SECOND[:3200].tolist(), 0)

    asyncio.run(scene())


def test_what_sounds_while_it_is_closed_is_missed() -> None:
    microphone = FakeMicrophone(SECOND)
    microphone.advance(0.5)
    microphone.open()
    microphone.advance(0.25)
    assert listen(microphone) == (SECOND[8000:12_000].tolist(), 0)
    microphone.advance(0.125)
    microphone.open()
    microphone.play()
    assert listen(microphone) == (SECOND[14_000:].tolist(), 0)


def test_loss_is_told_by_the_next_block() -> None:
    microphone = opened()
    microphone.advance(0.25)
    microphone.lose(0.5)
    microphone.play()
    assert listen(microphone) == ([*SECOND[:4000].tolist(), *SECOND[12_000:].tolist()], 8000)


def test_one_program_has_it_at_a_time() -> None:
    microphone = opened()
    with pytest.raises(MicrophoneUnavailable, match="Another program has Fake microphone"):
        microphone.open()
    microphone.close()
    microphone.close()
    assert microphone.open().is_open


def test_it_may_be_missing_or_another() -> None:
    microphone = FakeMicrophone(SECOND, device="Headset")
    assert microphone.open("Headset").device == "Headset"
    microphone.close()
    with pytest.raises(MicrophoneUnavailable, match="no microphone 'Webcam'"):
        microphone.open("Webcam")
    microphone.missing = "The system does not allow it."
    with pytest.raises(MicrophoneUnavailable, match="does not allow"):
        microphone.open()


def test_unplugged_it_gives_what_was_heard_and_then_fails() -> None:
    async def scene() -> int:
        count = 0
        microphone = opened()
        microphone.advance(0.1)
        microphone.unplug()
        with pytest.raises(MicrophoneUnavailable, match="unplugged"):
            async for block in microphone.blocks():
                count += len(block.samples)
        return count

    assert asyncio.run(scene()) == 1600


def test_any_recording_will_do(tmp_path: Path) -> None:
    path = tmp_path / "eight.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(4 * 4000))
    assert FakeMicrophone(path).rest_s == FakeMicrophone(path.read_bytes()).rest_s == 0.5
    microphone = FakeMicrophone(np.array([0.5, -1.0], dtype=np.float32), at_once=True)
    microphone.open()
    assert listen(microphone) == ([16384, -32768], 0)
    with pytest.raises(ValueError, match="mono"):
        FakeMicrophone(np.zeros((2, 2), dtype=np.int16))
