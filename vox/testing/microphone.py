"""A microphone that hears a recording, by a clock that a test moves."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vox.audio.decode import decode
from vox.audio.microphone import RATE, Block
from vox.audio.pcm import to_int16
from vox.errors import MicrophoneUnavailable

__all__ = ["FakeMicrophone"]

Sound = Path | bytes | NDArray[np.int16] | NDArray[np.float32]


class FakeMicrophone:
    """Hears nothing by itself: each `advance` lets time go by, in which the recording sounds, and silence after it.
    What sounds while it is closed is missed.

    It is a device and what opens it: give `microphone.open` to what opens microphones, and the microphone itself to
    what listens to one. All methods may be called from any thread.

    Args:
        sound: A file or its bytes, in any format that Vox reads; or mono samples at 16 kHz, integers or floats.
        at_once: Whether the whole recording is heard as soon as the microphone is opened, without `advance`.
        block_s: Seconds of a block; the last one before a pause or the end may be shorter.
        device: Its name.
    """

    def __init__(
        self, sound: Sound, *, at_once: bool = False, block_s: float = 0.02, device: str = "Fake microphone"
    ) -> None:
        self.device = device
        self.missing = ""
        """Why it cannot be opened, for tests of machines without one; empty when it can."""
        self._samples = _samples(sound)
        self._at_once = at_once
        self._block = round(block_s * RATE)
        self._now = self._heard = self._given = self._lost = 0
        self._open, self._gone = False, ""
        self._lock = threading.Lock()
        self._wake: Callable[[], object] = _nobody

    # ---- what a test does

    @property
    def now_s(self) -> float:
        """Seconds that have gone by."""
        return self._now / RATE

    @property
    def rest_s(self) -> float:
        """Seconds of the recording that have not sounded yet."""
        return max(0, len(self._samples) - self._heard) / RATE

    @property
    def is_open(self) -> bool:
        """Whether somebody has it."""
        return self._open

    def advance(self, seconds: float) -> None:
        """Let time go by; what sounds meanwhile is heard, if the microphone is open."""
        with self._lock:
            count = round(seconds * RATE)
            self._now += count
            if self._open:
                self._heard += count
            else:
                self._skip(count)
        self._wake()

    def play(self, then_silence_s: float = 0.0) -> None:
        """Let the rest of the recording go by, and so much silence after it."""
        self.advance(self.rest_s + then_silence_s)

    def lose(self, seconds: float) -> None:
        """Let time go by of which nothing is heard, as when a machine is overloaded; the next block tells of it."""
        with self._lock:
            count = round(seconds * RATE)
            self._now += count
            self._lost += count
            self._skip(count)

    def unplug(self) -> None:
        """Take the device away: who listens gets what was heard, and then a `MicrophoneUnavailable`."""
        with self._lock:
            self._gone = f"{self.device} was unplugged"
        self._wake()

    # ---- what a microphone does

    def open(self, device: str | None = None) -> "FakeMicrophone":
        """Open it, as `vox.audio.microphone.OpenMicrophone`.

        Raises:
            MicrophoneUnavailable: It is missing, has another name, or is open already.
        """
        with self._lock:
            if device not in (None, self.device) or self.missing or self._gone:
                raise MicrophoneUnavailable(self.missing or self._gone or f"There is no microphone {device!r}.")
            if self._open:
                raise MicrophoneUnavailable(f"Another program has {self.device}.")
            self._open = True
        if self._at_once:
            self.play()
        return self

    async def blocks(self) -> AsyncIterator[Block]:
        """What is heard until `close`; see `vox.audio.microphone.Microphone`.

        Raises:
            MicrophoneUnavailable: It was unplugged.
        """
        woken, loop = asyncio.Event(), asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        try:
            while True:
                woken.clear()
                while (block := self._next()) is not None:
                    yield block
                if self._gone:
                    raise MicrophoneUnavailable(self._gone)
                if not self._open:
                    return
                await woken.wait()
        finally:
            self._wake = _nobody

    def close(self) -> None:
        """Let it go; what was heard until now is still given."""
        with self._lock:
            self._open = False
        self._wake()

    def _skip(self, count: int) -> None:
        self._samples = np.delete(self._samples, slice(self._heard, self._heard + count))

    def _next(self) -> Block | None:
        with self._lock:
            count = min(self._block, self._heard - self._given)
            if count <= 0:
                return None
            samples = self._samples[self._given : self._given + count]
            self._given += count
            lost, self._lost = self._lost, 0
            return Block(np.pad(samples, (0, count - len(samples))), lost)


def _samples(sound: Sound) -> NDArray[np.int16]:
    if isinstance(sound, Path | bytes):
        return decode(sound, rate=RATE).to_int16()
    if sound.ndim != 1:
        raise ValueError(f"samples must be mono, shape (n,), not {sound.shape}")
    return to_int16(sound.astype(np.float32)) if sound.dtype.kind == "f" else sound.astype(np.int16)


def _nobody() -> None:
    """Nobody listens at the moment."""
