import io
import subprocess
import sys
import wave

import numpy as np
import pytest
import soundfile

from vox.audio import wav
from vox.audio.decode import decode
from vox.audio.encode import FORMATS, content_type, encode, read_audio, reencode
from vox.audio.pcm import Pcm
from vox.errors import InvalidRequest, ProviderMisbehaved

CODECS = {
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
}


@pytest.fixture
def pcm(jfk) -> Pcm:
    return decode(jfk)


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "pcm"])
def test_every_format_gives_the_speech_back(pcm, format):
    back = decode(encode(pcm, format), rate=16_000)
    assert back.duration_s == pytest.approx(11, abs=0.1)
    assert np.abs(back.samples).max() == pytest.approx(np.abs(pcm.samples).max(), rel=0.05)


@pytest.mark.parametrize("format", CODECS)
def test_the_codec_is_the_one_asked_for(pcm, format):
    info = soundfile.info(io.BytesIO(encode(pcm, format)))
    assert (info.format, info.subtype, info.channels) == (*CODECS[format], 1)


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_lossless_formats_keep_every_sample(pcm, format):
    assert np.array_equal(decode(encode(pcm, format)).to_int16(), pcm.to_int16())


def test_raw_samples_are_16_bit_little_endian():
    pcm = Pcm(np.array([0, 0.5, -1, 2], dtype=np.float32), 24_000)
    assert encode(pcm, "pcm") == b"\x00\x00\x00\x40\x00\x80\xff\x7f"


def test_the_standard_library_reads_the_wav(pcm):
    with wave.open(io.BytesIO(encode(pcm, "wav"))) as reader:
        assert reader.getparams()[:4] == (1, 2, 16_000, 176_000)


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "pcm"])
@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000, 44_100, 96_000, 11_000, 192_000])
def test_a_rate_the_codec_lacks_is_changed_to_one_it_has(tone, format, rate):
    back = decode(encode(Pcm(tone(rate, 0.5), rate), format))
    assert back.duration_s == pytest.approx(0.5, abs=0.1)
    assert back.rate >= min(rate, 44_100)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_can_be_encoded_too(format):
    assert isinstance(encode(Pcm(np.zeros(0, dtype=np.float32), 24_000), format), bytes)


@pytest.mark.parametrize("format", ["ogg", "opus"])
def test_minutes_of_sound_do_not_exhaust_the_encoder(format):
    pcm = Pcm(np.random.default_rng(0).normal(0, 0.1, 24_000 * 90).astype(np.float32), 24_000)
    assert decode(encode(pcm, format)).duration_s == pytest.approx(90, abs=0.1)


def test_an_unknown_format_is_refused(pcm):
    with pytest.raises(InvalidRequest, match="'aac'"):
        encode(pcm, "aac")
    with pytest.raises(InvalidRequest, match="'aac'"):
        reencode(encode(pcm, "wav"), "audio/wav", "aac")


class TestReencode:
    def test_a_wav_wanted_as_wav_is_the_same_object(self, pcm):
        audio = encode(pcm, "wav")
        again, duration_s = reencode(audio, "audio/wav", "wav")
        assert again is audio
        assert duration_s == 11

    @pytest.mark.parametrize("format", CODECS)
    def test_a_compressed_answer_wanted_as_it_is_stays_untouched(self, pcm, format):
        audio = encode(pcm, format)
        again, duration_s = reencode(audio, content_type(format), format)
        assert again is audio
        assert duration_s == pytest.approx(11, abs=0.1)

    @pytest.mark.parametrize("sent", [format for format in FORMATS if format != "pcm"])
    @pytest.mark.parametrize("want", FORMATS)
    def test_anything_becomes_anything(self, tone, sent, want):
        audio = encode(Pcm(tone(24_000), 24_000), sent)
        made, duration_s = reencode(audio, content_type(sent), want)
        assert duration_s == pytest.approx(1, abs=0.1)
        if want != "pcm":
            assert decode(made).duration_s == pytest.approx(1, abs=0.1)

    def test_a_float_wav_becomes_16_bit(self, tone, sound_bytes):
        made, duration_s = reencode(sound_bytes(tone(24_000), 24_000, "WAV", "FLOAT"), "audio/wav", "wav")
        assert wav.parse(made).is_pcm16
        assert duration_s == 1

    @pytest.mark.parametrize("size", [2**32 - 1, 0, 0x7FFFF000])
    def test_a_header_left_open_by_a_pipe_is_put_right(self, wav_head, size):
        made, duration_s = reencode(wav_head(data=size, riff=size) + b"\1\0" * 16_000, "audio/wav", "wav")
        info = wav.parse(made)
        assert (duration_s, info.frames, info.complete) == (1, 16_000, True)

    def test_no_samples_are_no_lie(self, wav_head):
        audio = wav_head(data=0)
        assert reencode(audio, "audio/wav", "wav") == (audio, 0)

    @pytest.mark.parametrize(
        ("audio", "claimed", "words"),
        [
            (b"", "audio/wav", "RIFF/WAVE"),
            (b"sorry, out of memory", "audio/wav", "RIFF/WAVE"),
            (wav.header(16_000, 1, 400) + bytes(200), "audio/wav", "more samples than are there"),
            (wav.header(16_000, 1, 200) + bytes(200), "audio/mpeg", "it is WAV"),
            (b"garbage" * 100, "audio/flac", "not audio/flac"),
            (wav.header(16_000, 1, 200) + bytes(200), "audio/pcm", "must be audio/wav"),
            (wav.header(16_000, 1, 200) + bytes(200), "", "must be audio/wav"),
        ],
    )
    @pytest.mark.parametrize("want", ["wav", "flac"])
    def test_what_is_not_what_it_claims_is_misbehaviour(self, audio, claimed, words, want):
        with pytest.raises(ProviderMisbehaved, match=words):
            reencode(audio, claimed, want)

    def test_samples_in_a_codec_nobody_reads_are_misbehaviour(self, wav_head):
        audio = wav_head(data=200, tag=0x1234) + bytes(200)
        with pytest.raises(ProviderMisbehaved, match="cannot be decoded"):
            reencode(audio, "audio/wav", "wav")

    def test_reading_gives_the_samples(self, pcm):
        assert np.array_equal(read_audio(encode(pcm, "wav"), "audio/wav").samples, pcm.samples)


def test_passing_a_wav_on_loads_no_library():
    program = """
import sys
from vox.audio import wav
from vox.audio.encode import reencode
audio = wav.header(24_000, 1, 48_000) + bytes(48_000)
assert reencode(audio, "audio/wav", "wav") == (audio, 1.0)
assert not {"numpy", "soundfile", "soxr", "av"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
