"""A WAV is what it claims, however it arrives, and becomes 16-bit mono samples."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.providers.vendors.sounds import clip_pcm, clip_wav, endless
from vox.provider import Call, ProviderError
from vox_providers._vendor_audio import WavReader, check_pcm, send_pcm, send_wav

CLIP = clip_wav(0.5)
PCM = clip_pcm(0.5)


def read(data: bytes, size: int = 1000) -> tuple[bytes, int]:
    """The samples and the rate of a WAV that arrives in pieces of `size` bytes."""
    reader = WavReader()
    samples = b"".join(reader.feed(data[at : at + size]) for at in range(0, len(data), size))
    reader.finish()
    return samples, reader.rate


def made(form: bytes, data: bytes, *chunks: bytes, size: int | None = None) -> bytes:
    """A WAV of these parts."""
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form + b"".join(chunks)
    body += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(encoding: int = 1, channels: int = 1, rate: int = 24_000, bits: int = 16) -> bytes:
    frame = channels * bits // 8
    return struct.pack("<HHIIHH", encoding, channels, rate, rate * frame, frame, bits)


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def test_it_does_not_matter_how_it_arrives(size: int) -> None:
    assert read(CLIP, size) == (PCM, 16_000)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 44])
def test_a_live_stream_lasts_until_the_answer_ends(size: int) -> None:
    assert read(endless(CLIP, size)) == (PCM, 16_000)


def test_other_chunks_are_passed_over() -> None:
    note = b"LIST" + struct.pack("<I", 5) + b"note!\0"
    assert read(made(form(), PCM, note) + note)[0] == PCM
    assert read(made(form(0xFFFE) + struct.pack("<HHIH", 22, 16, 4, 1) + bytes(14), PCM))[0] == PCM


@pytest.mark.parametrize(
    ("encoding", "bits", "kind"),
    [(1, 8, "u1"), (1, 16, "<i2"), (1, 24, "24"), (1, 32, "<i4"), (3, 32, "<f4")],
)
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_any_samples_become_16_bits_and_one_channel(encoding: int, bits: int, kind: str, channels: int) -> None:
    wave = np.array([0.0, 0.5, -0.5, 0.25, -1.0])
    spread = np.repeat(wave, channels)
    if kind == "24":
        data = b"".join(int(v * (2**23 - 1)).to_bytes(3, "little", signed=True) for v in spread)
    elif kind == "u1":
        data = (spread * 127 + 128).astype("u1").tobytes()
    else:
        data = (spread if encoding == 3 else spread * (2 ** (bits - 1) - 1)).astype(kind).tobytes()
    samples, _ = read(made(form(encoding, channels, bits=bits), data), 5)
    heard = np.frombuffer(samples, "<i2") / 32768
    assert np.abs(heard - wave).max() < 0.01


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "before the samples begin"),
        (b"<html>no audio here</html>", "does not begin as a WAV"),
        (b'{"audio": "none at all"}', "does not begin as a WAV"),
        (b"ID3\x04" + bytes(100), "does not begin as a WAV"),
        (CLIP[:30], "before the samples begin"),
        (CLIP[:44], "before its last sample"),
        (CLIP[:-1], "before its last sample"),
        (endless(CLIP)[:-1], "before its last sample"),
        (made(form(), b""), "holds no samples"),
        (endless(made(form(), b"")), "holds no samples"),
        (made(form(), PCM, size=len(PCM) + 2), "longer than the file"),
        (made(form()[:14], PCM), "format is cut short"),
        (made(form(rate=7_999), PCM), "7999 samples a second"),
        (made(form(rate=192_001), PCM), "192001 samples a second"),
        (made(form(channels=0), PCM), "0 channels"),
        (made(form(channels=9), PCM), "9 channels"),
        (made(form(encoding=85), PCM), "encoding 85"),
        (made(form(bits=12), PCM), "12 bits"),
        (b"RIFF" + struct.pack("<I", 20) + b"WAVEdata" + struct.pack("<I", 4) + bytes(4), "does not tell its format"),
        (made(form(), PCM, b"LIST" + struct.pack("<I", 1 << 30)), "no samples in its first megabyte"),
    ],
)
def test_what_is_no_wav_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(data)


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 60), st.integers(1, 50))
def test_no_bytes_break_the_reader(noise: bytes, at: int, size: int) -> None:
    data = CLIP[:at] + noise + CLIP[at + len(noise) : 400]
    try:
        samples, rate = read(data, size)
    except ValueError:
        return
    assert rate in range(8_000, 192_001) and len(samples) % 2 == 0 and samples


def test_samples_go_on_while_the_answer_comes() -> None:
    sent: list[dict[str, object]] = []
    call = Call("synthesize", {"stream": True}, lambda _, params: sent.append(params))
    given = [endless(CLIP)[at : at + 700] for at in range(0, len(CLIP), 700)]

    def chunks() -> object:
        for number, chunk in enumerate(given):
            if number == 2:
                assert sent and sent[0]["sampleRate"] == 16_000
            yield chunk

    send_wav(call, chunks(), "Test")
    assert call.sent_bytes == len(PCM) and len(sent) >= len(given) - 2


def test_a_wav_that_is_none_has_a_code() -> None:
    with pytest.raises(ProviderError, match="Test request failed: the answer is not the audio it should be") as caught:
        send_wav(Call("synthesize", {}), [b"<html></html>"], "Test")
    assert caught.value.code == "provider_misbehaved"


def test_samples_without_a_header() -> None:
    call = Call("synthesize", {})
    send_pcm(call, b"\1\0\3\0", 24_000, 2, "Test")
    assert (bytes(call.kept), call.sample_rate) == (b"\2\0", 24_000)


@pytest.mark.parametrize(
    ("rate", "channels", "data"),
    [(7_999, 1, PCM), (192_001, 1, PCM), (24_000, 0, PCM), (24_000, 9, PCM), (24_000, 1, b""), (24_000, 2, b"\0\0")],
)
def test_samples_that_cannot_be_sound_are_refused(rate: int, channels: int, data: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        send_pcm(Call("synthesize", {}), data, rate, channels, "Test")
    assert caught.value.code == "provider_misbehaved"
    with pytest.raises(ValueError):
        check_pcm(rate, channels, data)
