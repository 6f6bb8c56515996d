"""A recording is sent as it is while it is small, in half the bytes when it is not, and refused beyond."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.providers.vendors.sounds import CLIP
from vox.provider import ProviderError
from vox_providers._vendor_upload import recording


def test_a_short_one_goes_as_it_is() -> None:
    assert recording(str(CLIP), compress=True, service="Test") == ("audio.wav", CLIP.read_bytes(), "audio/wav")


def test_a_long_one_loses_bytes_and_nothing_else(wav: Callable[..., str], speech: Callable[..., np.ndarray]) -> None:
    samples = np.tile(speech("jfk"), 10)
    path = wav(samples)
    name, data, kind = recording(path, compress=True, service="Test")
    assert (name, kind) == ("audio.flac", "audio/flac") and len(data) < 0.7 * samples.nbytes
    back, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == 16_000 and np.array_equal(back, samples)
    assert recording(path, compress=False, service="Test")[0] == "audio.wav"
    assert recording(path, compress=False, service="Test", largest=3_000_000)[0] == "audio.flac"


def test_one_that_is_too_large_has_a_code(wav: Callable[..., str]) -> None:
    noise = np.random.default_rng(1).integers(-30000, 30000, 2_000_000).astype(np.int16)
    with pytest.raises(ProviderError, match="Test takes 2 MB: cut it into parts") as caught:
        recording(wav(noise), compress=True, service="Test", largest=2_000_000)
    assert caught.value.code == "audio_too_large"


@pytest.mark.parametrize("content", [None, bytes(2 << 20)])
def test_one_that_cannot_be_read_has_a_code(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProviderError, match="could not be read") as caught:
        recording(str(path), compress=True, service="Test")
    assert caught.value.code == "unsupported_audio"
