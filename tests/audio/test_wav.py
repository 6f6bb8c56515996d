import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vox.audio import wav
from vox.errors import UnsupportedAudio

SAMPLES = struct.pack("<100h", *range(100))


def test_a_header_reads_back_and_the_standard_library_agrees():
    audio = wav.header(22_050, 2, 400) + SAMPLES * 2
    info = wav.parse(audio)
    assert (info.rate, info.channels, info.bits, info.frames) == (22_050, 2, 16, 100)
    assert (info.data_start, info.data_bytes) == (wav.HEADER_BYTES, 400)
    assert info.is_pcm16 and info.complete and not info.cut_off
    assert info.duration_s == 100 / 22_050
    with wave.open(io.BytesIO(audio)) as reference:
        assert (reference.getframerate(), reference.getnchannels(), reference.getnframes()) == (22_050, 2, 100)


def test_chunks_before_the_data_are_stepped_over(jfk):
    info = wav.parse(jfk.read_bytes())  # FFmpeg wrote it, with a LIST chunk
    assert (info.rate, info.channels, info.frames, info.data_start) == (16_000, 1, 176_000, 78)


def test_a_chunk_of_odd_length_is_padded():
    odd = b"note" + struct.pack("<I", 3) + b"abc\0"
    audio = wav.header(16_000, 1, 200)
    info = wav.parse(audio[:36] + odd + audio[36:] + SAMPLES)
    assert info.frames == 100


@pytest.mark.parametrize(("riff", "data"), [(2**32 - 1, 2**32 - 1), (0, 0), (0x7FFFF024, 0x7FFFF000), (36, 2**32 - 1)])
def test_sizes_left_open_by_a_pipe_mean_all_that_follows(wav_head, riff, data):
    info = wav.parse(wav_head(riff=riff, data=data) + SAMPLES)
    assert info.frames == 100
    assert info.open_ended and not info.complete and not info.cut_off


def test_a_wav_without_samples_is_complete(wav_head):
    info = wav.parse(wav_head(data=0))
    assert info.frames == 0 and info.complete and info.duration_s == 0


def test_a_wav_that_was_cut_off_gives_its_whole_frames(wav_head):
    info = wav.parse(wav_head(data=400, channels=2) + SAMPLES[:-1])
    assert (info.frames, info.data_bytes) == (49, 196)
    assert info.cut_off and not info.complete


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
@pytest.mark.parametrize("format", ["WAV", "WAVEX"])
def test_other_codecs_are_named_and_counted(sound_bytes, tone, subtype, format):
    info = wav.parse(sound_bytes(tone(8_000), 8_000, format, subtype))
    expected = {"FLOAT": 3, "DOUBLE": 3, "ALAW": 6, "ULAW": 7}.get(subtype, 1)
    assert (info.tag, info.frames, info.is_pcm16) == (expected, 8_000, False)


def test_extensible_16_bit_is_plain_pcm(sound_bytes, tone):
    assert wav.parse(sound_bytes(tone(8_000), 8_000, "WAVEX", "PCM_16")).is_pcm16


def test_the_length_of_compressed_samples_is_estimated(sound_bytes, tone):
    info = wav.parse(sound_bytes(tone(16_000, 3), 16_000, "WAV", "IMA_ADPCM"))
    assert info.duration_s == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda audio: b"", "RIFF/WAVE"),
        (lambda audio: b"RIFX" + audio[4:], "RIFF/WAVE"),
        (lambda audio: audio[:38], "no data chunk"),
        (lambda audio: audio[:12] + audio[36:], "no fmt chunk"),
        (lambda audio: audio[:16] + b"\x0c\0\0\0" + audio[20:32] + audio[36:], "shorter than 16"),
        (lambda audio: audio[:22] + b"\0\0" + audio[24:], "damaged: 0 channels"),
        (lambda audio: audio[:24] + bytes(4) + audio[28:], "0 Hz"),
        (lambda audio: audio[:32] + b"\x07\0" + audio[34:], "7 bytes a frame"),
        (lambda audio: audio[:12] + (b"junk" + bytes(4)) * 5_000 + audio[12:], "more than 1024 chunks"),
    ],
)
def test_damage_is_named(damage, complaint):
    with pytest.raises(UnsupportedAudio, match=complaint):
        wav.parse(damage(wav.header(16_000, 1, 200) + SAMPLES))


_CHUNK = st.tuples(st.sampled_from([b"fmt ", b"data", b"LIST"]), st.binary(max_size=50)).map(
    lambda chunk: chunk[0] + struct.pack("<I", len(chunk[1])) + chunk[1]
)


@given(st.one_of(st.binary(), st.lists(_CHUNK).map(lambda chunks: b"RIFF\0\0\0\0WAVE" + b"".join(chunks))))
@example(wav.header(16_000, 1, 200)[:-2])
def test_any_bytes_give_an_answer_or_the_typed_error(audio):
    try:
        info = wav.parse(audio)
    except UnsupportedAudio:
        return
    assert info.data_start + info.data_bytes <= len(audio)
    assert info.duration_s >= 0


@given(st.binary(max_size=60), st.integers(0, 43))
def test_any_damage_to_a_header_gives_an_answer_or_the_typed_error(patch, offset):
    audio = bytearray(wav.header(16_000, 1, 200) + SAMPLES)
    audio[offset : offset + len(patch)] = patch
    try:
        info = wav.parse(bytes(audio))
    except UnsupportedAudio:
        return
    assert info.data_bytes <= len(audio)


def test_samples_read_from_data_start_are_those_written():
    info = wav.parse(wav.header(16_000, 1, 200) + SAMPLES)
    assert np.frombuffer(SAMPLES, "<i2").tolist() == list(range(info.frames))
