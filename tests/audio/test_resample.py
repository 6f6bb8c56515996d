import numpy as np
import pytest

from vox.audio.resample import Resampler, resample


def level_db(samples: np.ndarray) -> float:
    """Strongest line of the spectrum against a full-scale tone, in dB."""
    window = np.blackman(len(samples))
    return 20 * np.log10(np.abs(np.fft.rfft(samples * window)).max() / (window.sum() / 2) + 1e-12)


def test_what_cannot_be_kept_does_not_fold_back(tone):
    out = resample(tone(44_100, 2, hz=10_000), 44_100, 16_000)
    assert level_db(out[1_600:-1_600]) < -80


def test_what_can_be_kept_is_kept(tone):
    out = resample(tone(44_100, 2, hz=3_000), 44_100, 16_000)
    assert level_db(out[1_600:-1_600]) == pytest.approx(-6.02, abs=0.05)


@pytest.mark.parametrize(
    ("from_rate", "to_rate"), [(44_100, 16_000), (8_000, 16_000), (48_000, 24_000), (11_025, 16_000)]
)
@pytest.mark.parametrize("block", [100, 4_096, 10**9])
def test_blocks_joined_equal_the_whole(tone, from_rate, to_rate, block):
    samples = tone(from_rate, 1.3)
    resampler = Resampler(from_rate, to_rate)
    parts = [resampler.push(samples[start : start + block]) for start in range(0, len(samples), block)]
    joined = np.concatenate([*parts, resampler.flush()])
    whole = resample(samples, from_rate, to_rate)
    assert abs(len(joined) - 1.3 * to_rate) <= 1
    assert len(joined) == len(whole)
    assert np.abs(joined - whole).max() < 1e-5


def test_the_same_rate_changes_nothing(tone):
    samples = tone(16_000)
    resampler = Resampler(16_000, 16_000)
    assert resample(samples, 16_000, 16_000) is samples
    assert resampler.push(samples) is samples
    assert len(resampler.flush()) == 0


def test_nothing_in_nothing_out():
    nothing = np.zeros(0, dtype=np.float32)
    assert len(resample(nothing, 8_000, 16_000)) == 0
    assert len(Resampler(8_000, 16_000).flush()) == 0
