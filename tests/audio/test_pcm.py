import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vox.audio.pcm import Pcm


@given(hnp.arrays(np.int16, st.integers(0, 500)))
def test_integers_survive_the_way_through_float(samples):
    assert np.array_equal(Pcm.from_int16(samples, 16_000).to_int16(), samples)


def test_loud_samples_are_clipped_and_others_rounded():
    samples = np.array([2.0, -2.0, 1.0, -1.0, 0.6 / 32_768, -0.4 / 32_768], dtype=np.float32)
    assert Pcm(samples, 8_000).to_int16().tolist() == [32_767, -32_768, 32_767, -32_768, 1, 0]


def test_converting_leaves_the_samples_alone():
    pcm = Pcm(np.array([0.25, 9.0], dtype=np.float32), 8_000)
    pcm.to_int16()
    assert pcm.samples.tolist() == [0.25, 9.0]


def test_duration():
    assert Pcm(np.zeros(24_000, dtype=np.float32), 16_000).duration_s == 1.5
    assert Pcm(np.zeros(0, dtype=np.float32), 16_000).duration_s == 0


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.zeros((2, 2), dtype=np.float32), 16_000),
        (np.zeros(2, dtype=np.float64), 16_000),
        (np.zeros(2, dtype=np.float32), 0),
    ],
)
def test_what_is_not_mono_float_sound_is_refused(samples, rate):
    with pytest.raises(ValueError, match="must be"):
        Pcm(samples, rate)
