"""One device, open for recording: its thread fills an inbox, and what is taken out of that is made 16 kHz mono."""

import contextlib
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vox.audio.devices import Device
from vox.audio.inbox import Inbox, Piece
from vox.audio.microphone import RATE
from vox.audio.pcm import Samples, to_int16
from vox.audio.portaudio import acquire, release
from vox.audio.resample import Resampler
from vox.errors import MicrophoneUnavailable

__all__ = ["InputStream"]

_BLOCK_S = 512 / RATE
_LATENCY_S = (
    0.096  # three blocks; with less ALSA's pulse plugin can be silent for two seconds, with 0.1 it comes in bursts
)
_KEPT_S = 30.0
_FIRST_S = 5.0  # a headset that has to change its profile takes two
_RELEASE_S = 1.0
_FULL_SCALE = np.float32(1 / 32_768)


class InputStream:
    """Records from the moment this is made until `close`.

    Args:
        library: The sounddevice module, acquired; it is kept until the device has been let go.
        device: Which.

    Raises:
        MicrophoneUnavailable: The device cannot be opened, or gives no sound.
    """

    def __init__(self, library: Any, device: Device) -> None:
        self.device = device
        self._library = library
        self._expected: float | None = None
        self._closing = threading.Lock()
        self._stream = self._open()
        self._convert = _Converter(self.rate, self._stream.channels)
        acquire()
        if not self._begin():
            self.close()
            raise MicrophoneUnavailable(
                f"The microphone {device.id} gives no sound. Plug it in again, or take another."
            )

    def listen(self, seconds: float) -> NDArray[np.int16]:
        """Block this thread until so much was heard, and give it; less when nothing more comes."""
        heard: list[NDArray[np.int16]] = [np.zeros(0, np.int16)]
        while sum(map(len, heard)) < seconds * RATE and self.inbox.wait_first(_FIRST_S):
            if (taken := self.take()) is not None:
                heard.append(taken[0])
        return np.concatenate(heard)

    def take(self) -> tuple[NDArray[np.int16], int] | None:
        """The next samples at `RATE` and how many are missing just before; None when there are none now. The samples
        may be few or none while the filter fills."""
        piece = self.inbox.take()
        if piece is None:
            return None
        return self._convert.push(piece), round(piece.lost * RATE / self.rate)

    def rest(self) -> NDArray[np.int16]:
        """What the filter still holds, at the end."""
        return self._convert.flush()

    def close(self) -> None:
        """Let the device go. A driver that does not answer within a second is left to a thread of its own."""
        if not self._closing.acquire(blocking=False):
            return
        thread = threading.Thread(target=self._let_go, name="microphone-close", daemon=True)
        thread.start()
        thread.join(_RELEASE_S)
        self.inbox.end()

    def _open(self) -> Any:
        failure: Exception | None = None
        for rate, channels in self._forms():
            self.rate, self.inbox = rate, Inbox(round(_KEPT_S * rate))
            try:
                return self._library.RawInputStream(
                    device=self.device.index,
                    samplerate=rate,
                    channels=channels,
                    dtype="int16",
                    blocksize=round(_BLOCK_S * rate),
                    latency=_LATENCY_S,
                    callback=self._heard,
                    finished_callback=self.inbox.end,
                )
            except (self._library.PortAudioError, ValueError) as error:
                failure = error
        raise _unavailable(self.device, failure) from failure

    def _forms(self) -> list[tuple[int, int]]:
        """What to ask the device for: what we want, else what it likes and we make ours."""
        channels = min(2, self.device.channels)
        return list(dict.fromkeys([(RATE, 1), (self.device.rate, 1), (self.device.rate, channels)]))

    def _begin(self) -> bool:
        try:
            self._stream.start()
        except self._library.PortAudioError as error:
            self.close()
            raise _unavailable(self.device, error) from error
        return self.inbox.wait_first(_FIRST_S)

    def _heard(self, content: Any, frames: int, clock: Any, status: Any) -> None:
        """On PortAudio's thread: keep a block."""
        lost = 0
        if status.input_overflow and self._expected is not None:  # it tells that, not how much
            lost = max(1, round((clock.inputBufferAdcTime - self._expected) * self.rate))
        self._expected = clock.inputBufferAdcTime + frames / self.rate
        self.inbox.put(Piece(bytes(content), frames, lost))

    def _let_go(self) -> None:
        try:
            with contextlib.suppress(self._library.PortAudioError):  # of a device that is gone
                self._stream.abort()
            with contextlib.suppress(self._library.PortAudioError):
                self._stream.close()
        finally:
            release()


class _Converter:
    """Interleaved 16-bit frames of a device to mono at `RATE`."""

    def __init__(self, rate: int, channels: int) -> None:
        self._channels = channels
        self._resampler = None if rate == RATE else Resampler(rate, RATE)

    def push(self, piece: Piece) -> NDArray[np.int16]:
        samples = np.frombuffer(piece.content, np.int16)
        if self._channels == 1 and self._resampler is None:
            return samples
        mono = samples.reshape(-1, self._channels).astype(np.float32).mean(axis=1, dtype=np.float32) * _FULL_SCALE
        return to_int16(self._resampled(mono))

    def flush(self) -> NDArray[np.int16]:
        nothing = np.zeros(0, np.int16)
        return nothing if self._resampler is None else to_int16(self._resampler.flush())

    def _resampled(self, mono: Samples) -> Samples:
        return mono if self._resampler is None else self._resampler.push(mono)


def _unavailable(device: Device, error: Exception | None) -> MicrophoneUnavailable:
    return MicrophoneUnavailable(
        f"The microphone {device.id} cannot be opened ({error}). Another program may hold it, or it may be forbidden "
        "to this one: vox doctor tells more."
    )
