"""Playing speech on this machine's sound device, where there is one.

PortAudio is asked through sounddevice, which is loaded on first use: it is missing on many servers, and finding that
out must not cost a program that never plays anything.
"""

import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from vox.audio import wav
from vox.errors import UnsupportedAudio

__all__ = ["NoDeviceError", "Stream", "open_device", "play"]

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


def play(audio: bytes, opened: Callable[[int, int], Stream] = open_device) -> float:
    """Play a WAV of 16-bit samples, as the daemon makes it, to its end. Returns its seconds.

    An exception, as from Ctrl-C, silences the device at once.

    Args:
        opened: Opens the output for a rate and a number of channels.

    Raises:
        NoDeviceError: Nothing here can play sound.
        UnsupportedAudio: It is not such a WAV.
    """
    info = wav.parse(audio)
    if not info.is_pcm16:
        raise UnsupportedAudio("only WAV with 16-bit samples is played")
    samples = memoryview(audio)[info.data_start : info.data_start + info.data_bytes]
    block = max(1, int(info.rate * _BLOCK_S)) * info.channels * _SAMPLE_BYTES
    with contextlib.closing(opened(info.rate, info.channels)) as stream:
        try:
            for start in range(0, len(samples), block):
                stream.write(bytes(samples[start : start + block]))
            stream.stop()
        except BaseException:
            stream.abort()
            raise
    return info.duration_s
