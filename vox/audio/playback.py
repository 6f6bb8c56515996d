"""Playing speech on this machine's sound device, where there is one, while more of it comes.

PortAudio is asked through sounddevice, which is loaded on first use: it is missing on many servers, and finding that
out must not cost a program that never plays anything.
"""

import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol

__all__ = ["NoDeviceError", "Player", "Stream", "open_device"]

_BLOCK_S = 0.05  # so that Ctrl-C silences the device at once, not at the end of a sentence
_SAMPLE_BYTES = 2


class NoDeviceError(Exception):
    """Nothing here can play sound; the message says what is missing."""


class Stream(Protocol):
    """An open output, as sounddevice's RawOutputStream is one."""

    def write(self, data: bytes) -> object:
        """Play a block, waiting until there is room for it."""
        ...

    def stop(self) -> None:
        """Wait until everything written has been heard."""
        ...

    def abort(self) -> None:
        """Fall silent now."""
        ...

    def close(self) -> None:
        """Let the device go."""
        ...


def open_device(rate: int, channels: int) -> Stream:
    """The default output device, started, for 16-bit samples.

    Args:
        rate: Hz.

    Raises:
        NoDeviceError: PortAudio is not installed, there is no device, or it does not take this form.
    """
    try:
        import sounddevice
    except OSError as error:  # what it raises when the library itself is missing
        raise NoDeviceError(f"the PortAudio library is not installed ({error})") from error
    try:
        stream: Any = sounddevice.RawOutputStream(samplerate=rate, channels=channels, dtype="int16")
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise NoDeviceError(f"no sound device ({error})") from error
    return stream


class Player:
    """Plays 16-bit samples in the order in which they are given, on a thread of its own.

    What is given and not yet played is kept, however much it is: whoever makes speech is faster than whoever listens.
    End with `finish` or `abort`.

    Args:
        rate: Hz.
        opened: Opens the output for a rate and a number of channels.
        volume: 1 plays the samples as they are; it may be changed at any time, and is heard at once.

    Raises:
        NoDeviceError: Nothing here can play sound.
    """

    def __init__(
        self,
        rate: int,
        channels: int = 1,
        opened: Callable[[int, int], Stream] = open_device,
        *,
        volume: float = 1.0,
    ) -> None:
        self.rate, self.volume = rate, volume
        self._stream = opened(rate, channels)
        self._second = rate * channels * _SAMPLE_BYTES
        self._unplayed = 0
        self._news = threading.Condition()
        self._block = max(1, int(rate * _BLOCK_S)) * channels * _SAMPLE_BYTES
        self._given: SimpleQueue[bytes | None] = SimpleQueue()
        self._aborted = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()

    def put(self, samples: bytes) -> None:
        """Samples to be played next; does not wait.

        Raises:
            NoDeviceError: The device has failed.
        """
        self._check()
        with self._news:
            self._unplayed += len(samples)
        self._given.put(samples)

    def wait_for_room(self, seconds: float) -> None:
        """Wait until no more than so many seconds are left to be played.

        Raises:
            NoDeviceError: The device has failed.
        """
        with self._news:
            self._news.wait_for(lambda: self._unplayed <= seconds * self._second or not self._thread.is_alive())
        self._check()

    def finish(self) -> None:
        """Wait until everything has been heard. An exception, as from Ctrl-C, silences the device at once.

        Raises:
            NoDeviceError: The device has failed.
        """
        self._given.put(None)
        try:
            self._thread.join()
        except BaseException:
            self.abort()
            raise
        self._check()

    def abort(self) -> None:
        """Fall silent now. May be called after `finish`."""
        self._aborted.set()
        self._given.put(None)
        self._thread.join()

    def _check(self) -> None:
        if self._failure is not None:
            raise NoDeviceError(f"the sound device failed ({self._failure})") from self._failure

    def _run(self) -> None:
        with contextlib.closing(self._stream) as stream:
            try:
                while not self._aborted.is_set() and (samples := self._given.get()) is not None:
                    self._play(samples)
                stream.abort() if self._aborted.is_set() else stream.stop()
            except Exception as error:  # of any sound library; told to whoever gives or waits
                self._failure = error
            self._played(self._unplayed)

    def _play(self, samples: bytes) -> None:
        for start in range(0, len(samples), self._block):
            if self._aborted.is_set():
                return
            block = samples[start : start + self._block]
            self._stream.write(block if self.volume == 1.0 else _scaled(block, self.volume))
            self._played(len(block))

    def _played(self, size: int) -> None:
        with self._news:
            self._unplayed -= size
            self._news.notify_all()


def _scaled(block: bytes, volume: float) -> bytes:
    import numpy as np

    samples = np.frombuffer(block, np.dtype("<i2")) * volume
    return np.clip(samples, -32_768, 32_767).astype("<i2").tobytes()
