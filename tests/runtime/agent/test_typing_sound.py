"""The sound of somebody typing."""

import wave
from io import BytesIO
from itertools import groupby

import numpy as np
import pytest

from vox.runtime.agent.typing_sound import key_clicks

RATE = 24_000


def sound(duration_ms: int, volume: float = 0.3, seed: int = 0) -> np.ndarray:
    return np.frombuffer(key_clicks(duration_ms, volume, seed=seed), "<i2").astype(int)


def stretches(samples: np.ndarray) -> list[tuple[bool, float]]:
    """Whether there is typing, and milliseconds of it: what is silent for 190 ms is a pause."""
    block = RATE // 100
    loud = [int(np.abs(samples[at : at + block]).max()) > 40 for at in range(0, len(samples), block)]
    typing = [any(loud[max(0, at - 9) : at + 10]) for at in range(len(loud))]
    return [(key, 10 * len(list(group))) for key, group in groupby(typing)]


def test_the_same_seed_gives_the_same_sound_and_another_another() -> None:
    assert key_clicks(3000, seed=7) == key_clicks(3000, seed=7) != key_clicks(3000, seed=8)


@pytest.mark.parametrize("duration_ms", [0, 1, 33, 4000])
@pytest.mark.parametrize("rate", [8_000, 24_000])
def test_it_is_as_long_as_is_wanted(duration_ms: int, rate: int) -> None:
    assert len(key_clicks(duration_ms, rate=rate)) == 2 * (rate * duration_ms // 1000)


def test_runs_and_pauses_have_their_lengths() -> None:
    samples = sound(120_000, seed=3)
    inner = stretches(samples)[1:-1]
    runs = [length for typing, length in inner if typing]
    pauses = [length for typing, length in inner if not typing]
    assert len(runs) > 20 and max(runs) <= 800 + 2 * 90 + 60
    assert max(pauses) <= 1500 and min(pauses) < 300 < max(pauses)
    quiet = (np.abs(samples) < 4).mean()
    assert 0.4 < quiet < 0.9


def test_volume_scales_and_nothing_clips() -> None:
    full, half, none = (sound(20_000, volume=volume, seed=1) for volume in (1, 0.5, 0))
    assert 8_000 < np.abs(full).max() < 32_000
    assert np.abs(full - 2 * half).max() <= 2
    assert not none.any()


def test_it_ends_and_begins_softly_so_that_it_can_be_repeated() -> None:
    for seed in range(20):
        samples = sound(4000, volume=1, seed=seed)
        assert np.abs(samples[:24]).max() < 800 and np.abs(samples[-24:]).max() < 800
        assert samples[0] == 0 == samples[-1]


def test_no_two_runs_are_alike() -> None:
    samples = sound(20_000, seed=2)
    assert not np.array_equal(samples[:RATE], samples[RATE : 2 * RATE])


@pytest.mark.parametrize(("duration_ms", "volume"), [(-1, 0.3), (100, -0.1), (100, 1.1)])
def test_what_cannot_be_is_refused(duration_ms: int, volume: float) -> None:
    with pytest.raises(ValueError, match="volume of 0 to 1"):
        key_clicks(duration_ms, volume)


def test_it_sounds_in_every_player() -> None:
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, RATE, 0, "NONE", ""))
        writer.writeframes(key_clicks(500))
    assert len(file.getvalue()) == 44 + 24_000
