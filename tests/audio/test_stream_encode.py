"""Encoders that give bytes out while samples come in: whole files in the end, early bytes, nothing lost."""

import io
import struct
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from vox.audio import wav
from vox.audio.decode import decode
from vox.audio.formats import STREAM_FORMATS
from vox.audio.stream_encode import PCM_RATE, check_format, make_encoder
from vox.errors import InvalidRequest, Unsupported

RATE = 24_000
DELAYED = {"mp3": 0.08, "aac": 0.09}  # seconds that these codecs add; they work in frames, and look ahead


def pieces(format: str, pcm: bytes, rate: int, size: int, samples: int | None = None) -> list[bytes]:
    encoder = make_encoder(format, rate, samples)
    return [*(encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm), size)), encoder.finish()]


def samples_of(format: str, file: bytes):
    return np.frombuffer(file, "<i2").astype(np.float32) / 32_768 if format == "pcm" else decode(file).samples


@pytest.fixture
def speech(jfk) -> bytes:
    return decode(jfk, rate=RATE).to_int16().tobytes()


@pytest.mark.parametrize("format", STREAM_FORMATS)
@pytest.mark.parametrize("rate", [RATE, 22_050, 96_000])
def test_the_pieces_are_a_file_with_the_whole_sound(tone, format, rate):
    pcm = (tone(rate, 1.5) * 32_767).astype("<i2").tobytes()
    file = b"".join(pieces(format, pcm, rate, 2 * rate // 10))
    if format == "pcm":
        back, back_rate = samples_of(format, file), PCM_RATE
    else:
        decoded = decode(file)
        back, back_rate = decoded.samples, decoded.rate
    assert len(back) / back_rate == pytest.approx(1.5 + DELAYED.get(format, 0) / 2, abs=0.005 + DELAYED.get(format, 0))
    spectrum = np.abs(np.fft.rfft(back))
    assert np.argmax(spectrum) * back_rate / len(back) == pytest.approx(440, abs=2)
    assert np.sqrt(np.mean(back**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("format", STREAM_FORMATS)
def test_bytes_come_early(speech, format):
    """Half a second of speech is not kept back by any codec, whatever its file looks like."""
    encoder = make_encoder(format, RATE)
    early = b"".join(encoder.encode(speech[at : at + 4800]) for at in range(0, RATE, 4800))
    rest = encoder.finish()
    heard = len(samples_of(format, early)) if format in ("pcm", "wav") else len(early)
    assert heard >= RATE // 2 if format in ("pcm", "wav") else heard > 1000
    assert len(rest) < len(early)


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(0, 3000), max_size=12).filter(any), format=st.sampled_from(["wav", "pcm", "flac"]))
def test_nothing_is_lost_however_the_samples_come(sizes, format):
    sound = [np.arange(size, dtype="<i2").tobytes() for size in sizes]
    encoder = make_encoder(format, RATE)
    file = b"".join([*map(encoder.encode, sound), encoder.finish()])
    wanted = b"".join(sound)
    plain = file[wav.HEADER_BYTES * (format == "wav") :]
    back = decode(file).to_int16().tobytes() if format == "flac" else plain
    assert back == wanted


def test_a_wav_of_unknown_length_says_so():
    file = b"".join(pieces("wav", bytes(4800), RATE, 480))
    assert struct.unpack_from("<I", file, 4)[0] == struct.unpack_from("<I", file, 40)[0] == 0xFFFF_FFFF
    info = wav.parse(file)
    assert (info.rate, info.channels, info.bits, info.frames, info.open_ended) == (RATE, 1, 16, 2400, True)


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_a_length_that_is_known_is_told(speech, format):
    sound, rate = soundfile.read(
        io.BytesIO(b"".join(pieces(format, speech, RATE, 9600, samples=len(speech) // 2))), dtype="int16"
    )
    assert rate == RATE and sound.tobytes() == speech


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100])
def test_an_mp3_begins_with_its_sound(tone, rate):
    """No frame is left in it that was kept for a table: players would take its length from there, and show none."""
    pcm = (tone(rate, 1.0) * 32_767).astype("<i2").tobytes()
    file = b"".join(pieces("mp3", pcm, rate, 2 * rate // 10))
    assert file[0] == 0xFF and file[1] & 0xE0 == 0xE0 and any(file[4:60])
    assert not any(mark in file[:400] for mark in (b"Xing", b"Info"))


def test_aac_frames_are_adts():
    file = b"".join(pieces("aac", bytes(RATE * 2), RATE, 4800))
    at = frames = 0
    while at < len(file):
        assert file[at] == 0xFF and file[at + 1] & 0xF6 == 0xF0
        at += (file[at + 3] & 3) << 11 | file[at + 4] << 3 | file[at + 5] >> 5
        frames += 1
    assert at == len(file) and frames >= RATE // 1024


def test_opus_pages_are_short(speech):
    encoder = make_encoder("opus", RATE)
    sizes = [len(encoder.encode(speech[at : at + 9600])) for at in range(0, 20 * 9600, 9600)]
    assert sizes[0] > 0 and sum(size > 0 for size in sizes) > 15  # a page every 0.2 s, not one a second


def test_aac_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(Unsupported, match=r"pip install 'voxhost\[av\]'") as raised:
        check_format("aac")
    assert raised.value.details["param"] == "response_format"
    check_format("mp3")


def test_an_unknown_format():
    with pytest.raises(InvalidRequest, match="mp3, opus, aac, flac, wav, pcm"):
        make_encoder("ogg", RATE)
