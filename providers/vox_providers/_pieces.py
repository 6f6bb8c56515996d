"""Audio in, pieces of speech out: what a recogniser needs before a model sees anything.

A model invents words on silence, and its cost grows faster than the length of what it is given. So speech is found
first (earshot, one probability per 16 ms) and long speech is cut where nobody speaks. A recording is walked in blocks
and read again piece by piece: an hour costs two numbers per frame, not the hour.
"""

import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vox.provider import ProviderError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.int16]
    Waveform = npt.NDArray[np.float32]
    Curve = npt.NDArray[np.float32]

__all__ = ["FRAME", "RATE", "Piece", "Recording", "find_pieces", "listen", "plan"]

RATE = 16000
"""Samples per second of everything here: what Vox writes for a provider."""

FRAME = 256
"""Samples per frame, 16 ms: what earshot wants at once."""

_BLOCK = 3750 * FRAME  # a minute, 2 MB
_LEVEL, _MOST_GAIN = 0.06, 30.0  # the loudness (of 1.0) at which earshot tells voice from noise best, and its limit
_LOUD = 16  # frames, 0.26 s: loudness is that of the loudest syllable, so that a click does not count
_SPEECH, _STILL_SPEECH = 0.5, 0.35  # a word begins above the first and lasts until below the second
_CERTAIN = 0.9  # at the level above, all speech tried reaches 0.95 somewhere and noise, hum and chords stay below 0.85
_SHORTEST = 6  # frames: a burst below 0.1 s is a click or the detector's doubt, not a word
_PAD = 19  # frames, 0.3 s: the detector is late at soft beginnings and early at fading ends
_PAUSE = 125  # frames, 2 s: from here on silence is worth a border even when the piece is still short
_HUSH = 13  # frames, 0.2 s: the gap between two words that a cut may use
_REACH = 156  # frames, 2.5 s: how far a cut may move from an even share to find such a gap


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a recording that holds speech.

    Attributes:
        start: First sample.
        end: One past the last sample.
        voiced: Where in it the detector heard a voice, as first and one past the last sample, in order, never empty.
            What lies around is room for soft beginnings and ends, and pauses.
    """

    start: int
    end: int
    voiced: tuple[tuple[int, int], ...]

    @property
    def start_s(self) -> float:
        """Where it starts, in seconds."""
        return self.start / RATE

    @property
    def end_s(self) -> float:
        """Where it ends, in seconds."""
        return self.end / RATE

    @property
    def voiced_s(self) -> float:
        """How long there is a voice in it, in seconds."""
        return sum(last - first for first, last in self.voiced) / RATE


class Recording:
    """An open WAV as Vox writes it: 16 kHz, mono, 16-bit PCM. Close it, or use it in a `with` block.

    Args:
        path: The file.

    Raises:
        ProviderError: `unsupported_audio`, when the file cannot be read or is anything else.
    """

    def __init__(self, path: str) -> None:
        try:
            self._file = wave.open(str(Path(path)), "rb")  # noqa: SIM115 - this object is the context manager
        except (OSError, EOFError, wave.Error) as problem:
            raise ProviderError(f"The audio file could not be read: {problem}.", code="unsupported_audio") from problem
        found = (self._file.getframerate(), self._file.getnchannels(), self._file.getsampwidth())
        if found != (RATE, 1, 2):
            self._file.close()
            raise ProviderError(
                f"The audio has {found[0]} Hz, {found[1]} channel(s), {8 * found[2]} bit; "
                "a provider is given 16000 Hz, 1 channel, 16 bit.",
                code="unsupported_audio",
            )
        self.duration_s = self._file.getnframes() / RATE

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, *failure: object) -> None:
        self._file.close()

    def blocks(self) -> "Iterator[Samples]":
        """All samples, at most a minute at a time."""
        self._file.rewind()
        while len(block := self._samples(_BLOCK)):
            yield block

    def read(self, piece: Piece) -> "Waveform":
        """The samples of one piece as float32 between -1 and 1."""
        import numpy as np

        self._file.setpos(piece.start)
        return self._samples(piece.end - piece.start).astype(np.float32) / np.float32(32768)

    def _samples(self, count: int) -> "Samples":
        import numpy as np

        data = self._file.readframes(count)
        return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16, copy=False)


def find_pieces(recording: Recording, longest_s: float, checkpoint: Callable[[], None]) -> list[Piece]:
    """The speech of `recording`, in order, in pieces of at most `longest_s` seconds; none for silence and plain noise.

    `checkpoint` is called about once a minute of audio; what it raises passes through.
    """
    chances, energies, samples = listen(recording.blocks(), checkpoint)
    return plan(chances, energies, samples, longest_s)


def listen(blocks: "Iterator[Samples]", checkpoint: Callable[[], None]) -> "tuple[Curve, Curve, int]":
    """Per frame, how likely someone speaks (0 to 1) and how loud it is (mean square); and the number of samples."""
    import numpy as np
    from earshot import Detector

    predict = Detector().predict_f32
    chances: list[Any] = [np.empty(0, np.float32)]
    energies: list[Any] = [np.empty(0, np.float32)]
    samples = 0
    for block in blocks:
        checkpoint()
        samples += len(block)
        frames = np.pad(block, (0, -len(block) % FRAME)).reshape(-1, FRAME) / np.float32(32768)
        energies.append(np.square(frames).mean(1))
        frames *= _gain(energies[-1])
        chances.append(np.fromiter(map(predict, frames), np.float32, len(frames)))
    return np.concatenate(chances), np.concatenate(energies), samples


def plan(chances: "Curve", energies: "Curve", samples: int, longest_s: float) -> list[Piece]:
    """Pieces that hold every frame of speech, apart from bursts too short for a word.

    Neighbours with less than two seconds between them stay together, for a model hears better with context; where the
    detector is nowhere certain, it is noise. What is then longer than `longest_s` is cut into about even parts, each
    at the quietest place near its even share.
    """
    longest = int(longest_s * RATE) // FRAME
    runs = list(_runs(chances))
    pieces: list[Piece] = []
    for first, last in _joined(runs, len(chances)):
        if chances[first:last].max() < _CERTAIN:
            continue
        start = first
        while start < last:
            end = last if last - start <= longest else _quietest(energies, start, last, longest)
            if voiced := _inside(runs, start, end):
                pieces.append(Piece(start * FRAME, min(end * FRAME, samples), voiced))
            start = end
    return pieces


def _gain(energies: "Curve") -> float:
    """What brings a block to the level at which the detector is at its best."""
    import numpy as np

    window = min(_LOUD, len(energies))
    loudest = float(np.convolve(energies, np.ones(window) / window, "valid").max()) ** 0.5
    return min(_LEVEL / loudest, _MOST_GAIN) if loudest else 1.0


def _runs(chances: "Curve") -> Iterator[tuple[int, int]]:
    """Frames first..last (exclusive) in which the detector hears speech."""
    begun = -1
    for frame, chance in enumerate([*chances.tolist(), 0.0]):
        if begun < 0 and chance >= _SPEECH:
            begun = frame
        elif begun >= 0 and chance < _STILL_SPEECH:
            if frame - begun >= _SHORTEST:
                yield begun, frame
            begun = -1


def _joined(runs: list[tuple[int, int]], frames: int) -> list[tuple[int, int]]:
    """Runs with room around them, those that are close made one."""
    joined: list[tuple[int, int]] = []
    for first, last in runs:
        start, end = max(0, first - _PAD), min(frames, last + _PAD)
        if joined and start - joined[-1][1] < _PAUSE:
            start = joined.pop()[0]
        joined.append((start, end))
    return joined


def _quietest(energies: "Curve", start: int, last: int, longest: int) -> int:
    """Where to end the piece that begins at `start`: near an even share of the rest, never beyond `longest`."""
    import numpy as np

    rest = last - start
    share = rest // -(-rest // longest)
    reach = min(_REACH, share // 2)
    window = energies[start + share - reach : start + min(share + reach, longest)]
    hush = min(_HUSH, len(window))
    smooth = np.convolve(window, np.ones(hush, np.float32), "valid")
    return start + share - reach + int(smooth.argmin()) + (hush + 1) // 2


def _inside(runs: list[tuple[int, int]], start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The runs, or parts of runs, between two frames, as samples."""
    return tuple(
        (max(first, start) * FRAME, min(last, end) * FRAME) for first, last in runs if first < end and last > start
    )
