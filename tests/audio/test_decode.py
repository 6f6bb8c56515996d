import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vox.audio import wav
from vox.audio.decode import decode
from vox.audio.limits import Limits
from vox.errors import AudioTooLarge, NoInput, UnsupportedAudio

LOSSLESS = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE")]
LOSSLESS += [("WAVEX", "PCM_24"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("AIFF", "PCM_16"), ("AIFF", "FLOAT")]
LOSSLESS += [("RF64", "PCM_16"), ("W64", "PCM_24"), ("CAF", "ALAC_16"), ("AU", "PCM_16")]
LOSSY = [("WAV", "PCM_U8"), ("WAV", "ULAW"), ("WAV", "ALAW"), ("WAV", "IMA_ADPCM"), ("WAV", "MS_ADPCM")]
LOSSY += [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize(("format", "subtype"), LOSSLESS)
@pytest.mark.parametrize("from_disk", [True, False])
def test_lossless_formats_give_the_samples_back(tone, sound_bytes, tmp_path, format, subtype, from_disk):
    samples = tone(16_000)
    audio = sound_bytes(samples, 16_000, format, subtype)
    path = tmp_path / "misleading.txt"
    path.write_bytes(audio)
    pcm = decode(path if from_disk else audio)
    assert pcm.rate == 16_000
    assert np.abs(pcm.samples - samples).max() < 2 / 32_768


@pytest.mark.parametrize(("format", "subtype"), LOSSY)
def test_lossy_formats_give_nearly_the_samples_back(tone, sound_bytes, format, subtype):
    samples = tone(16_000, 2.0)
    pcm = decode(sound_bytes(samples, 16_000, format, subtype), rate=16_000)
    assert pcm.duration_s == pytest.approx(2.0, abs=0.16)
    assert rms(pcm.samples) == pytest.approx(rms(samples), rel=0.05)


@given(hnp.arrays(np.int16, st.integers(1, 400)))
def test_random_samples_survive_a_wav(samples):
    pcm = decode(wav.header(16_000, 1, samples.nbytes) + samples.tobytes())
    assert np.array_equal(pcm.to_int16(), samples)


@settings(max_examples=50)
@given(hnp.arrays(np.int16, st.integers(1, 400)))
def test_random_samples_survive_a_flac(samples):
    out = io.BytesIO()
    soundfile.write(out, samples, 16_000, format="FLAC")
    assert np.array_equal(decode(out.getvalue()).to_int16(), samples)


def test_stereo_and_more_become_their_mean(tone, sound_bytes):
    left, right = tone(16_000, hz=300), tone(16_000, hz=500)
    for channels in ([left, right], [left, right, left * 0, right * 0.5]):
        block = np.stack(channels, axis=1)
        pcm = decode(sound_bytes(block, 16_000, "WAV", "FLOAT"))
        assert np.abs(pcm.samples - block.mean(axis=1)).max() < 1e-6


def test_samples_that_are_no_numbers_become_silence_in_their_channel_only(sound_bytes):
    samples = np.full((1_000, 2), 0.5, dtype=np.float32)
    samples[10, 0], samples[11, 1], samples[12, 0] = np.nan, np.inf, -np.inf
    pcm = decode(sound_bytes(samples, 16_000, "WAV", "FLOAT"))
    assert pcm.samples[9:14].tolist() == [0.5, 0.25, 0.25, 0.25, 0.5]


def test_absurdly_loud_samples_do_not_overflow_the_resampler(sound_bytes):
    samples = np.tile(np.array([1e38, -1e38, 3e38, np.nan], dtype=np.float32), 5_000)
    pcm = decode(sound_bytes(samples, 44_100, "WAV", "FLOAT"), rate=16_000)
    assert np.isfinite(pcm.samples).all()
    assert len(pcm.to_int16()) == len(pcm.samples)


def test_eight_channels_at_192_khz(tone, sound_bytes):
    block = np.stack([tone(192_000, 2.0)] * 8, axis=1)
    pcm = decode(sound_bytes(block, 192_000, "WAV", "PCM_24"), rate=16_000)
    assert (pcm.rate, len(pcm.samples)) == (16_000, 32_000)
    assert rms(pcm.samples) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_memory_holds_the_result_and_little_more(tmp_path):
    path = tmp_path / "long.wav"
    frames = 192_000 * 20  # 61 MB on disk, 1.3 MB as 16 kHz mono
    path.write_bytes(wav.header(192_000, 8, 16 * frames))
    with path.open("r+b") as file:
        file.truncate(wav.HEADER_BYTES + 16 * frames)  # a hole reads as silence
    decode(b"RIFF" + wav.header(16_000, 1, 2)[4:] + b"\0\0", rate=8_000)  # what is imported on first use does not count
    tracemalloc.start()
    try:
        pcm = decode(path, rate=16_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert pcm.duration_s == 20
    assert peak < 2 * pcm.samples.nbytes + 6 * 2**20


@pytest.mark.parametrize(("format", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("MP3", None), ("AIFF", None)])
def test_what_was_cut_off_gives_what_is_there(jfk, sound_bytes, format, subtype):
    audio = sound_bytes(*soundfile.read(jfk), format, subtype)
    whole, half = decode(audio), decode(audio[: len(audio) // 2])
    assert 3 < half.duration_s < 8
    assert np.array_equal(half.samples[:32_000], whole.samples[:32_000])


def test_ogg_that_was_cut_off_gives_whole_pages(jfk, sound_bytes):
    audio = sound_bytes(*soundfile.read(jfk), "OGG", "VORBIS")
    assert 3 < decode(audio[: len(audio) // 2]).duration_s < 8


@pytest.mark.parametrize("open_size", [2**32 - 1, 0x7FFFF000, 0])
@pytest.mark.parametrize("from_disk", [True, False])
def test_a_wav_from_a_pipe_is_read_to_its_end(wav_head, tmp_path, open_size, from_disk):
    audio = wav_head(data=open_size, riff=open_size) + b"\0\1" * 800
    path = tmp_path / "killed.wav"
    path.write_bytes(audio)
    pcm = decode(path if from_disk else audio)
    assert pcm.to_int16().tolist() == [256] * 800


def test_what_follows_the_samples_is_not_heard(wav_head):
    audio = wav_head(data=1_601, riff=36 + 1_602 + 12) + b"\0\1" * 800 + b"\0\0LIST\4\0\0\0INFO"
    assert len(decode(audio).samples) == 800


@pytest.mark.parametrize(("format", "subtype"), [("WAV", "PCM_16"), ("AIFF", "PCM_16"), ("OGG", "VORBIS")])
def test_zero_samples_are_no_error(sound_bytes, format, subtype):
    pcm = decode(sound_bytes(np.zeros(0, dtype=np.float32), 16_000, format, subtype), rate=24_000)
    assert (len(pcm.samples), pcm.duration_s, pcm.rate) == (0, 0, 24_000)


def test_flac_that_does_not_say_its_length(jfk, sound_bytes):
    audio = bytearray(sound_bytes(*soundfile.read(jfk), "FLAC"))
    audio[21] &= 0xF0  # the last 36 bits before the checksum of STREAMINFO: total samples
    audio[22:26] = bytes(4)
    assert decode(bytes(audio)).duration_s == 11


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Dear diary, no sound here.\n" * 50, "looks like text"),
        (b"<html><body>404 not found</body></html>", "web page"),
        (wav.header(16_000, 1, 200)[:40], "No 'data' chunk"),
        (b"RIFF\x24\0\0\0WAVE", "looks like a WAV file that is damaged"),
        (bytes(5_000), "no audio format"),
    ],
)
def test_what_is_no_audio_is_refused_with_a_sentence(tmp_path, content, words):
    path = tmp_path / "speech.wav"
    path.write_bytes(content)
    with pytest.raises(UnsupportedAudio, match=words) as caught:
        decode(path)
    assert "speech.wav" in caught.value.message


def test_a_missing_file_and_a_folder_are_no_input(tmp_path):
    for path in (tmp_path / "missing.wav", tmp_path):
        with pytest.raises(NoInput):
            decode(path)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=2_000))
def test_random_bytes_are_refused_with_the_typed_error(content):
    try:
        decode(content)
    except UnsupportedAudio as error:
        assert error.message


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["FLAC", "OGG", "MP3"]), st.integers(0, 2**16), st.binary(min_size=1, max_size=40))
def test_damage_gives_sound_or_the_typed_error(format, offset, patch):
    audio = bytearray(_SHORT[format])
    offset %= len(audio)
    audio[offset : offset + len(patch)] = patch
    try:
        pcm = decode(bytes(audio))
    except (UnsupportedAudio, AudioTooLarge):
        return
    assert np.isfinite(pcm.samples).all()


def _short(format: str) -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    soundfile.write(out, noise, 16_000, format=format)
    return out.getvalue()


_SHORT = {format: _short(format) for format in ("FLAC", "OGG", "MP3")}


class TestCaps:
    def test_a_small_file_that_unpacks_into_hours_is_stopped(self, sound_bytes):
        bomb = sound_bytes(np.zeros(16_000 * 600, dtype=np.float32), 16_000, "FLAC")
        assert len(bomb) < 100_000
        with pytest.raises(AudioTooLarge, match="longer than the 60 s") as caught:
            decode(bomb, Limits(max_duration_s=60))
        assert caught.value.details["maxDurationMs"] == 60_000

    def test_also_when_its_header_is_silent_about_it(self, sound_bytes):
        bomb = bytearray(sound_bytes(np.zeros(16_000 * 600, dtype=np.float32), 16_000, "FLAC"))
        bomb[21] &= 0xF0
        bomb[22:26] = bytes(4)
        with pytest.raises(AudioTooLarge, match="longer than the 60 s"):
            decode(bytes(bomb), Limits(max_duration_s=60))

    def test_exactly_the_cap_is_allowed(self, tone, sound_bytes):
        assert decode(sound_bytes(tone(16_000), 16_000), Limits(max_duration_s=1)).duration_s == 1

    def test_bytes(self, jfk: Path):
        with pytest.raises(AudioTooLarge, match="352078 bytes"):
            decode(jfk, Limits(max_bytes=352_077))

    def test_channels(self, sound_bytes):
        audio = sound_bytes(np.zeros((100, 6), dtype=np.float32), 16_000)
        with pytest.raises(UnsupportedAudio, match="6 channels"):
            decode(audio, Limits(max_channels=5))

    @pytest.mark.parametrize("rate", [1, 999, 768_001, 2**31 - 1])
    def test_rates_that_no_recorder_has(self, wav_head, rate):
        with pytest.raises(UnsupportedAudio, match=f"{rate} Hz"):
            decode(wav_head(data=200, rate=rate) + bytes(200), rate=16_000)
