import errno
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from vox.audio import wav
from vox.audio.limits import Limits
from vox.audio.standard import Abandoned, write_standard
from vox.errors import AudioTooLarge, NoInput, UnsupportedAudio, VoxError


def never() -> bool:
    return False


def written(source, tmp_path, rate=16_000, limits=None):
    target = tmp_path / "spool" / "out.wav"
    return write_standard(source, target, rate, limits or Limits(), never), target


def test_what_is_standard_already_keeps_its_samples_and_loses_its_extras(jfk, tmp_path):
    result, target = written(jfk, tmp_path)
    assert (result.input_bytes, result.frames) == (352_078, 176_000)
    assert target.stat().st_size == wav.HEADER_BYTES + 352_000
    assert wav.parse(target.read_bytes()).complete
    assert np.array_equal(soundfile.read(target, dtype="int16")[0], soundfile.read(jfk, dtype="int16")[0])


@pytest.mark.parametrize("rate", [16_000, 24_000])
def test_anything_else_becomes_standard(tone, sound_bytes, tmp_path, rate):
    block = np.stack([tone(44_100, 3.0)] * 2, axis=1)
    result, target = written(sound_bytes(block, 44_100, "FLAC"), tmp_path, rate)
    info = wav.parse(target.read_bytes())
    assert (info.rate, info.channels, info.bits, info.frames) == (rate, 1, 16, 3 * rate)
    assert info.complete and result.frames == info.frames
    assert result.peak == pytest.approx(0.5, abs=0.01)


def test_the_peak_of_full_scale_and_of_nothing(wav_head, tmp_path):
    loud = wav_head(data=4) + b"\x00\x80\x00\x00"
    assert written(loud, tmp_path)[0].peak == 1
    (tmp_path / "spool" / "out.wav").unlink()
    result, target = written(wav_head(data=0), tmp_path)
    assert (result.peak, result.frames) == (0, 0)
    assert wav.parse(target.read_bytes()).frames == 0


@pytest.mark.parametrize(("format", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16")])
def test_the_duration_cap_holds_for_copies_too(tone, sound_bytes, tmp_path, format, subtype):
    with pytest.raises(AudioTooLarge):
        written(sound_bytes(tone(16_000, 2), 16_000, format, subtype), tmp_path, limits=Limits(max_duration_s=1))
    assert list((tmp_path / "spool").iterdir()) == []


def test_nothing_is_left_of_what_cannot_be_read(tmp_path):
    with pytest.raises(UnsupportedAudio):
        written(b"no audio at all", tmp_path)
    with pytest.raises(NoInput):
        written(tmp_path / "missing.wav", tmp_path)
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_being_abandoned_stops_at_the_next_block(jfk, tmp_path, rate):
    asked = iter([False, True])
    long = jfk.read_bytes()[:78] + bytes(20 * 2**20)
    long = long[:74] + (20 * 2**20).to_bytes(4, "little") + long[78:]
    with pytest.raises(Abandoned):
        write_standard(long, tmp_path / "out.wav", rate, Limits(), lambda: next(asked))
    assert next(asked, None) is None
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_cannot_be_written_is_said(jfk, tmp_path):
    (tmp_path / "spool").write_text("in the way", encoding="utf-8")
    with pytest.raises(VoxError, match="cannot write to the spool folder"):
        written(jfk, tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
def test_a_full_disk_is_said(jfk, tmp_path, monkeypatch):
    monkeypatch.setattr("vox.audio.spool.create", lambda path: os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(VoxError, match=os.strerror(errno.ENOSPC)):
        written(jfk, tmp_path)


def test_more_than_a_wav_can_hold_is_refused(jfk, tmp_path, monkeypatch):
    monkeypatch.setattr("vox.audio.wav.MAX_DATA_BYTES", 351_999)
    with pytest.raises(AudioTooLarge, match="can hold"):
        written(jfk, tmp_path)
