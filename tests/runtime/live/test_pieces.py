"""What finds speech in a live session: the detector that comes with Vox, or another whose file is given."""

import numpy as np
import pytest
import soundfile

from tests.audio.conftest import CLIPS
from tests.audio.network import network
from vox.errors import ConfigError
from vox.runtime.live.pieces import RATE, make_cutter


def test_speech_between_silences_is_one_utterance():
    clip = soundfile.read(CLIPS / "librivox-0930.wav", dtype="int16")[0]
    silence = np.zeros(2 * RATE, np.int16)
    cutter = make_cutter()
    assert list(cutter.feed(silence)) == []
    (utterance,) = cutter.feed(np.concatenate([clip, silence]))
    assert utterance.start_s == pytest.approx(2, abs=0.4)
    assert utterance.duration_s == pytest.approx(len(clip) / RATE, abs=0.6)
    assert list(cutter.end()) == []


def test_the_file_of_a_detector_takes_its_place(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    network(tmp_path / "vad.onnx")
    cutter = make_cutter("~/vad.onnx")
    loud = np.full(RATE, 3000, np.int16)
    (utterance,) = [*cutter.feed(loud), *cutter.end()]  # to this network everything but a beginning is speech
    assert utterance.duration_s > 0.9


def test_a_file_that_is_none_is_told_when_it_is_wanted(tmp_path):
    with pytest.raises(ConfigError, match=r"missing\.onnx"):
        make_cutter(str(tmp_path / "missing.onnx"))
