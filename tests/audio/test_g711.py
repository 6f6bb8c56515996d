"""G.711 against the standard's own figures, and against libsndfile."""

from io import BytesIO

import numpy as np
import pytest
import soundfile

from vox.audio.g711 import from_alaw, from_ulaw, to_alaw, to_ulaw

EVERY_CODE = bytes(range(256))
EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)

ULAW_LEVELS = {0xFF: 0, 0xFE: 8, 0xF0: 120, 0xEF: 132, 0xE0: 372, 0xDF: 396, 0xCF: 924, 0xBF: 1980, 0xAF: 4092}
ULAW_LEVELS |= {0x9F: 8316, 0x8F: 16_764, 0x80: 32_124, 0x7F: 0, 0x7E: -8, 0x00: -32_124}
"""Table 2 of the standard, its 14 bits times four."""
ALAW_LEVELS = {0xD5: 8, 0xD4: 24, 0xDA: 248, 0xC5: 264, 0xF5: 528, 0xE5: 1056, 0x95: 2112, 0x85: 4224, 0xB5: 8448}
ALAW_LEVELS |= {0xA5: 16_896, 0xAA: 32_256, 0x55: -8, 0x2A: -32_256}
"""Table 1 of the standard, its 13 bits times eight."""


@pytest.mark.parametrize(("decode", "levels"), [(from_ulaw, ULAW_LEVELS), (from_alaw, ALAW_LEVELS)])
def test_the_standard_s_levels(decode, levels) -> None:
    assert {code: int(decode(bytes([code]))[0]) for code in levels} == levels


@pytest.mark.parametrize(("decode", "subtype"), [(from_ulaw, "ULAW"), (from_alaw, "ALAW")])
def test_every_code_as_libsndfile_reads_it(decode, subtype) -> None:
    raw = BytesIO(EVERY_CODE)
    expected, _ = soundfile.read(raw, dtype="int16", format="RAW", subtype=subtype, channels=1, samplerate=8000)
    assert (decode(EVERY_CODE) == expected).all()


def ulaw_bounds() -> list[int]:
    """Decision values of the standard's Table 2 in 14 bits: where the code changes."""
    bounds, value = [0, 1], 1
    for segment in range(8):
        for _ in range(15 if segment == 0 else 16):
            value += 2 << segment
            bounds.append(value)
    return bounds[:-1]


def alaw_bounds() -> list[int]:
    """Decision values of the standard's Table 1 in 13 bits."""
    bounds, value = [0], 0
    for segment in (0, 0, 1, 2, 3, 4, 5, 6):
        for _ in range(16):
            value += 2 << segment
            bounds.append(value)
    return [bound // 2 for bound in bounds[:-1]]


def test_ulaw_changes_its_code_where_the_standard_says() -> None:
    positive = np.frombuffer(to_ulaw(EVERY_SAMPLE[32_768:]), np.uint8)
    changes = [0, *(np.flatnonzero(np.diff(positive.astype(int))) + 1)]
    assert changes == [bound * 4 for bound in ulaw_bounds()]
    assert list(positive[changes]) == list(range(255, 127, -1))


def test_alaw_changes_its_code_where_the_standard_says() -> None:
    positive = np.frombuffer(to_alaw(EVERY_SAMPLE[32_768:]), np.uint8)
    changes = [0, *(np.flatnonzero(np.diff(positive.astype(int))) + 1)]
    assert changes == [bound * 16 for bound in alaw_bounds()]
    assert [code ^ 0xD5 for code in positive[changes]] == list(range(128))


@pytest.mark.parametrize(("encode", "decode"), [(to_ulaw, from_ulaw), (to_alaw, from_alaw)])
def test_both_sides_of_zero_are_alike(encode, decode) -> None:
    levels = decode(encode(EVERY_SAMPLE)).astype(int)
    mirrored = -levels[::-1]
    assert (levels[1:] == mirrored[:-1]).all() or (levels == mirrored).all()
    assert (np.diff(levels) >= 0).all()


@pytest.mark.parametrize(("encode", "decode"), [(to_ulaw, from_ulaw), (to_alaw, from_alaw)])
def test_a_code_comes_back_as_itself(encode, decode) -> None:
    levels = decode(EVERY_CODE)
    assert (decode(encode(levels)) == levels).all()


@pytest.mark.parametrize(("encode", "decode"), [(to_ulaw, from_ulaw), (to_alaw, from_alaw)])
@pytest.mark.parametrize("loudness", [0.9, 0.1, 0.03])
def test_what_is_lost_lies_35_db_below_the_sound(encode, decode, loudness: float) -> None:
    samples = (loudness * 32_767 * np.sin(2 * np.pi * 1020 / 8000 * np.arange(8000))).astype(np.int16)
    lost = decode(encode(samples)).astype(float) - samples
    assert 10 * np.log10((samples.astype(float) ** 2).sum() / (lost**2).sum()) > 35


def test_nothing_is_nothing() -> None:
    assert to_ulaw(EVERY_SAMPLE[:0]) == b"" == to_alaw(EVERY_SAMPLE[:0])
    assert not len(from_ulaw(b"")) and not len(from_alaw(b""))
