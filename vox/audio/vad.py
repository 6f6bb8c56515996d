"""Does somebody speak? A probability per frame of 16 kHz mono, from one of two detectors.

Both hear best at a certain loudness, so what they are given is brought near it, slowly enough that a pause stays one.
Measured with earshot on six clips: at a loudness of 0.004 to 0.25 (of 1, over a quarter of a second) speech reaches
0.77 to 0.98, noise, hum and chords up to a loudness of 0.12 stay below 0.7.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vox.audio.microphone import RATE
from vox.errors import ConfigError

__all__ = ["Detector", "Earshot", "Silero"]

_LEVEL, _MOST_GAIN = 0.03, 8.0
_FIRST_GAIN = 4.0  # hears the first word of a quiet voice, and does not spoil that of a loud one
_LOUD_S = 0.26  # loudness is that of a syllable, so that a click does not count
_HALF_LIFE_S = 3.0  # in which a louder voice is half forgotten
_FULL_SCALE = np.float32(1 / 32_768)
_CONTEXT = 64  # samples of the frame before that Silero wants in front of each


class Detector(Protocol):
    """Hears one recording, frame by frame."""

    @property
    def frame(self) -> int:
        """Samples of a frame."""
        ...

    def probability(self, samples: NDArray[np.int16]) -> float:
        """How likely somebody speaks in the next frame, 0 to 1."""
        ...


class Earshot:
    """The detector that comes with Vox: 16 ms a frame, some ten microseconds of work each."""

    frame = 256

    def __init__(self) -> None:
        import earshot

        self._predict: Any = earshot.Detector().predict_f32
        self._gain = _Gain(self.frame)

    def probability(self, samples: NDArray[np.int16]) -> float:
        """How likely somebody speaks in the next frame, 0 to 1."""
        return float(self._predict(self._gain.apply(samples)))


class Silero:
    """Silero VAD version 5 or 6 on onnxruntime: 32 ms a frame, some hundred microseconds of work each.

    Args:
        path: Its ONNX file.

    Raises:
        ConfigError: The file cannot be read, or is another model.
    """

    frame = 512

    def __init__(self, path: Path) -> None:
        self._session = _session(path)
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._gain = _Gain(self.frame)

    def probability(self, samples: NDArray[np.int16]) -> float:
        """How likely somebody speaks in the next frame, 0 to 1."""
        heard = self._gain.apply(samples)
        given = {
            "input": np.concatenate([self._context, heard])[None],
            "state": self._state,
            "sr": np.array(RATE, np.int64),
        }
        chance, self._state = self._session.run(None, given)
        self._context = heard[-_CONTEXT:]
        return float(chance[0, 0])


class _Gain:
    """Brings frames near the loudness at which the detectors are at their best: up to eight times up or down."""

    def __init__(self, frame: int) -> None:
        self._energies = [0.0] * max(1, round(_LOUD_S * RATE / frame))  # so few are summed quicker than an array
        self._forget = 0.5 ** (frame / RATE / _HALF_LIFE_S)
        self._loudest, self._at = _LEVEL / _FIRST_GAIN, 0

    def apply(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        sound = samples.astype(np.float32) * _FULL_SCALE
        self._energies[self._at] = float(sound @ sound) / len(sound)
        self._at = (self._at + 1) % len(self._energies)
        loudness = (sum(self._energies) / len(self._energies)) ** 0.5
        self._loudest = max(self._loudest * self._forget, loudness, _LEVEL / _MOST_GAIN)
        return sound * np.float32(max(_LEVEL / self._loudest, 1 / _MOST_GAIN))


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a frame is too little work for more
    try:
        session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a dozen kinds without a common base
        raise ConfigError(f"{path} is not a model that can be loaded ({error}). Name Silero's ONNX file.") from error
    names = {given.name for given in session.get_inputs()}
    if names != {"input", "state", "sr"}:
        raise ConfigError(f"{path} is not Silero VAD version 5 or 6: it takes {', '.join(sorted(names))}.")
    return session
