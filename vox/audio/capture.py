"""Recording from a real microphone.

Nothing is lost between opening and the first look: half a minute is kept. A device that ends or falls silent is given
up for the default one; what was missed meanwhile is counted.
"""

import threading
from collections.abc import AsyncGenerator, Sequence

import anyio.to_thread

from vox.audio.devices import Device, choose, list_devices, no_microphone
from vox.audio.input_stream import InputStream
from vox.audio.microphone import RATE, Block
from vox.audio.portaudio import PortAudioMissing, library_remedy, portaudio
from vox.errors import MicrophoneUnavailable

__all__ = ["Capture", "open_microphone", "open_stream"]

_STALL_S = 3.0  # without a block: some thirty times what a busy machine was seen to take


def open_microphone(name: str | None = None, *, preferred: str | None = None) -> "Capture":
    """Open a microphone; it records when this returns. Takes a tenth of a second, with a slow device some: call it in
    a thread.

    Args:
        name: Which (`Device.id`, or what `vox.audio.devices.choose` takes for it); None is the default one.
        preferred: Which is taken in place of the default one while it is there.

    Raises:
        MicrophoneUnavailable: There is none or no such one, it may not be used, or another program holds it.
    """
    return Capture(open_stream(name, preferred))


def open_stream(name: str | None, preferred: str | None) -> InputStream:
    """As `open_microphone`, for who does without the fall back to another device."""
    try:
        with portaudio() as library:
            return InputStream(library, _chosen(list_devices(library, "input"), name, preferred))
    except PortAudioMissing as error:
        told = f"{error}; install it: {library_remedy()}"
        raise MicrophoneUnavailable(f"There is no microphone to be had: {told}.") from error


class Capture:
    """A `Microphone` on a sound device; made by `open_microphone`."""

    def __init__(self, stream: InputStream) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._closed = False

    @property
    def device(self) -> str:
        """The name of the device, or of the one that took its place."""
        return self._stream.device.id

    async def blocks(self) -> AsyncGenerator[Block]:
        """What is heard, some 30 ms each; iterate once.

        Raises:
            MicrophoneUnavailable: The device is gone, and the default one cannot take its place.
        """
        missed, heard = 0, RATE
        while True:
            stream = self._stream
            async for block in _heard(stream, missed):
                heard += len(block.samples)
                yield block
            if not self._closed:
                _check_lasts(stream, heard)
                await anyio.to_thread.run_sync(self._replace, stream, abandon_on_cancel=True)
            if self._closed:
                return
            missed, heard = round(stream.inbox.idle_s * RATE), 0

    def close(self) -> None:
        """Let the device go, now. May be called again, and from any thread."""
        with self._lock:
            self._closed = True
            stream = self._stream
        stream.close()

    def _replace(self, stream: InputStream) -> None:
        """Put the default device in the place of one that is gone."""
        stream.close()
        replacement = open_stream(None, None)
        with self._lock:
            if not self._closed:
                self._stream = replacement
                return
        replacement.close()  # nobody listens any more


async def _heard(stream: InputStream, missed: int) -> AsyncGenerator[Block]:
    """What a stream gives until it ends or falls silent."""
    more = True
    while more:
        while (taken := stream.take()) is not None:
            samples, lost = taken
            missed += lost
            if len(samples):
                yield Block(samples, missed)
                missed = 0
        more = not stream.inbox.ended and await stream.inbox.wait(_STALL_S)
    if len(rest := stream.rest()):
        yield Block(rest, missed)


def _check_lasts(stream: InputStream, heard: int) -> None:
    """Nothing is gained by putting a device into its own place again and again.

    Raises:
        MicrophoneUnavailable: It took another's place and gave less than a second.
    """
    if heard < RATE:
        raise MicrophoneUnavailable(
            f"The microphone is gone, and {stream.device.id}, which took its place, gave less than a second of sound."
        )


def _chosen(devices: Sequence[Device], name: str | None, preferred: str | None) -> Device:
    device = choose(devices, preferred) if name is None and preferred is not None else None
    device = device or choose(devices, name)
    if device is None:
        raise no_microphone(name, devices)
    return device
