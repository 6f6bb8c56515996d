"""The sound of somebody typing, while an answer is being thought of. Made by calculation; no recording is played.

Runs of keys, with pauses between them in which now and then a mouse is clicked. A key is a short noise when it hits the
ground, a dull knock of the case under it, and a fainter noise when it comes up again; no two are quite alike.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator

    from vox.audio.pcm import Samples

__all__ = ["key_clicks"]

_RUN_MS, _PAUSE_MS = (200, 800), (300, 1500)
_FADE_MS = 50
_BETWEEN_KEYS_MS = (70, 170)
_MOUSE = 0.3  # of the pauses that are long enough to take the hand from the keys
_REACH_MS = 900
_MOUSE_HELD_MS = (60, 110)
_CLICK_MS = 45
_LOUDEST = 0.9  # of a run at volume 1


def key_clicks(duration_ms: int, volume: float = 0.3, rate: int = 24_000, seed: int = 0) -> bytes:
    """Typing, as 16-bit little-endian mono; the same seed gives the same sound. It ends in silence, so that it can be
    played again and again.

    Args:
        volume: 0 to 1.

    Raises:
        ValueError: The length is negative, or the volume is out of its range.
    """
    import numpy as np  # only when somebody wants to hear it

    from vox.audio.pcm import to_int16

    if duration_ms < 0 or not 0 <= volume <= 1:
        raise ValueError(f"typing lasts 0 ms or more, at a volume of 0 to 1; not {duration_ms} ms at {volume}")
    random = np.random.default_rng(seed)
    sound = np.zeros(rate * duration_ms // 1000, np.float32)
    place, shortest = 0, rate * _RUN_MS[0] // 1000
    while place + shortest <= len(sound):
        for part in (_run, _pause):
            made = part(random, rate, len(sound) - place)
            sound[place : place + len(made)] = made
            place += len(made)
    return to_int16(sound * np.float32(volume * _LOUDEST)).tobytes()


def _run(random: "Generator", rate: int, most: int) -> "Samples":
    """Some keys, faded in and out, in `most` samples at most; full scale is 1."""
    import numpy as np

    length = min(_samples(random, _RUN_MS, rate), most)
    run = np.zeros(length, np.float32)
    place = 0
    while place < length:
        _add(run, place, _key(random, rate))
        place += _samples(random, _BETWEEN_KEYS_MS, rate)
    fade = min(rate * _FADE_MS // 1000, length // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    run[:fade] *= ramp
    run[length - fade :] *= ramp[::-1]
    return run / max(1.0, float(np.abs(run).max(initial=0)))


def _pause(random: "Generator", rate: int, most: int) -> "Samples":
    import numpy as np

    pause = np.zeros(min(_samples(random, _PAUSE_MS, rate), most), np.float32)
    down = len(pause) // 3
    up = down + _samples(random, _MOUSE_HELD_MS, rate)
    if len(pause) >= rate * _REACH_MS // 1000 and random.random() < _MOUSE:
        for place, loudness in ((down, 0.6), (up, 0.4)):
            _add(pause, place, _ringing(random, rate, loudness, random.uniform(2200, 3200), decay_ms=3))
    return pause


def _key(random: "Generator", rate: int) -> "Samples":
    strength = random.uniform(0.6, 1.0)
    key = _ringing(random, rate, 0.5 * strength, random.uniform(1600, 2600), decay_ms=4)
    _add(key, 0, _ringing(random, rate, 0.25 * strength, random.uniform(180, 320), decay_ms=12))
    _add(key, len(key) // 2, _ringing(random, rate, 0.15 * strength, random.uniform(2400, 3400), decay_ms=2.5))
    return key


def _ringing(random: "Generator", rate: int, loudness: float, pitch: float, decay_ms: float) -> "Samples":
    """A noise that rings at a pitch (Hz) and dies away."""
    import numpy as np

    time = np.arange(rate * _CLICK_MS // 1000) / rate
    ring = np.sin(2 * np.pi * pitch * time + random.uniform(0, 2 * np.pi))
    noise = random.standard_normal(len(time)) * 0.5
    return (0.6 * loudness * (ring + noise) * np.exp(-time * 1000 / decay_ms)).astype(np.float32)


def _add(sound: "Samples", place: int, click: "Samples") -> None:
    room = sound[place : place + len(click)]
    room += click[: len(room)]


def _samples(random: "Generator", milliseconds: tuple[int, int], rate: int) -> int:
    return int(random.integers(milliseconds[0], milliseconds[1] + 1)) * rate // 1000
