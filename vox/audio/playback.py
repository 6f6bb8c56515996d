"""Playing speech on this machine's sound device, where there is one.

PortAudio is asked through sounddevice, which is loaded on first use: it is missing on many servers, and finding that
out must not cost a program that never plays anything.
"""

import contextlib
import wave
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, Protocol

__all__ = ["NoDeviceError", "Stream", "open_device", "play"]

_BLOCK_S = 0.05  # so that Ctrl-C silences the device at once, not at the end of a sentence
_SAMPLE_TYPES = {1: "uint8", 2: "int16", 3: "int24", 4: "int32"}


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


def open_device(rate: int, channels: int, sample_type: str) -> Stream:
    """The default output device, started.

    Args:
        rate: Hz.
        sample_type: uint8, int16, int24 or int32.

    Raises:
        NoDeviceError: PortAudio is not installed, there is no device, or it does not take this form.
    """
    try:
        import sounddevice
    except OSError as error:  # what it raises when the library itself is missing
        raise NoDeviceError(f"the PortAudio library is not installed ({error})") from error
    try:
        stream: Any = sounddevice.RawOutputStream(samplerate=rate, channels=channels, dtype=sample_type)
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise NoDeviceError(f"no sound device ({error})") from error
    return stream


def play(audio: bytes, opened: Callable[[int, int, str], Stream] = open_device) -> float:
    """Play a PCM WAV to its end. Returns its seconds.

    An exception, as from Ctrl-C, silences the device at once.

    Args:
        opened: Opens the output for a rate, a number of channels and a sample type.

    Raises:
        NoDeviceError: Nothing here can play sound.
        wave.Error: It is not a PCM WAV.
    """
    with wave.open(BytesIO(audio), "rb") as file:
        rate, channels = file.getframerate(), file.getnchannels()
        with contextlib.closing(opened(rate, channels, _SAMPLE_TYPES[file.getsampwidth()])) as stream:
            try:
                for block in _blocks(file, max(1, int(rate * _BLOCK_S))):
                    stream.write(block)
                stream.stop()
            except BaseException:
                stream.abort()
                raise
        return file.getnframes() / rate


def _blocks(file: wave.Wave_read, frames: int) -> Iterator[bytes]:
    while block := file.readframes(frames):
        yield block
