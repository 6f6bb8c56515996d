"""Hearing whether somebody speaks: earshot on real speech and noise; Silero's file by the way it is fed."""

import time

import numpy as np
import pytest
import soundfile

from tests.audio.conftest import CLIPS
from tests.audio.network import network
from vox.audio.microphone import RATE
from vox.audio.vad import Earshot, Silero
from vox.errors import ConfigError


def heard(samples: np.ndarray, detector=None) -> np.ndarray:
    detector = detector or Earshot()
    frames = samples[: len(samples) // detector.frame * detector.frame].reshape(-1, detector.frame)
    return np.array([detector.probability(frame) for frame in frames])


@pytest.mark.parametrize("gain", [0.02, 0.3, 1.0])
@pytest.mark.parametrize("clip", sorted(CLIPS.glob("*.wav")), ids=lambda clip: clip.stem)
def test_speech_is_heard_however_loud(clip, gain):
    samples = (soundfile.read(clip, dtype="int16")[0] * gain).astype(np.int16)
    chances = heard(samples)
    assert chances.max() > 0.85
    assert (chances > 0.5).mean() > 0.6


@pytest.mark.parametrize("loudness", [3, 100, 3000])
@pytest.mark.parametrize("kind", ["white", "hum", "silence"])
def test_noise_is_not_speech(kind, loudness):
    clock = np.arange(10 * RATE) / RATE
    noise = {
        "white": np.random.default_rng(1).normal(0, 1, len(clock)),
        "hum": np.sin(2 * np.pi * 50 * clock) + 0.5 * np.sin(2 * np.pi * 150 * clock),
        "silence": np.zeros(len(clock)),
    }[kind]
    assert heard((noise * loudness).astype(np.int16)).max() < 0.7


def test_a_quiet_voice_after_a_loud_one_is_heard_again():
    clip = soundfile.read(CLIPS / "librivox-0890.wav", dtype="int16")[0]
    pause = np.zeros(15 * RATE, np.int16)
    chances = heard(np.concatenate([np.clip(clip * 5.0, -32768, 32767).astype(np.int16), pause, clip // 60]))
    assert (chances[-len(clip) // 256 :] > 0.5).mean() > 0.7


def test_it_keeps_up_a_hundred_times_over():
    samples = np.resize(soundfile.read(CLIPS / "jfk.wav", dtype="int16")[0], 60 * RATE)
    begun = time.process_time()
    heard(samples)
    assert time.process_time() - begun < 0.6


@pytest.fixture
def model(tmp_path):
    """model(state=…) → the file of a network with Silero's inputs."""
    return lambda state="state": network(tmp_path / "vad.onnx", state)


def test_silero_gets_its_context_and_its_state(model):
    detector = Silero(model())
    frames = np.zeros((4, 512), np.int16)
    frames[1, -1] = 3277  # comes again as the context of the next frame
    chances = [detector.probability(frame) for frame in frames]
    amount = chances[2]
    assert chances[:2] == [0, 0]
    assert 0.05 < amount < 0.9
    assert chances[3] == pytest.approx(2 * amount, rel=0.1)


def test_a_file_that_is_not_silero_is_told(model, tmp_path):
    with pytest.raises(ConfigError, match="not Silero VAD version 5 or 6: it takes h, input, sr"):
        Silero(model(state="h"))
    with pytest.raises(ConfigError, match="not a model that can be loaded"):
        Silero(tmp_path / "missing.onnx")
