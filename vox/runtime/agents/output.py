"""The loudspeaker, for a loop that must not wait for it."""

import threading
from collections.abc import Callable

import anyio
from anyio.to_thread import run_sync

from vox.audio.playback import NoDeviceError, Stream, open_device
from vox.audio.speaker import Speaker
from vox.errors import SpeakerUnavailable
from vox.types import AudioChunk

__all__ = ["Output"]

_AHEAD_S = 0.5  # of speech given to the device: enough for a busy machine, little to throw away
_PATIENCE_S = 10.0  # beyond the time of the speech itself, after which a device hangs
_SILENCE_S = 2.0  # an interrupted device ends its block of a twentieth of a second


class Output:
    """Plays speech. One task gives it; another may interrupt.

    Args:
        opened: Opens the device for a rate and a number of channels.
    """

    def __init__(self, opened: Callable[[int, int], Stream] = open_device) -> None:
        self._opened, self._speaker = opened, Speaker(opened=opened)
        self._inside, self._lock = 0, threading.Lock()
        self._hangs = False

    async def play(self, chunk: AudioChunk) -> None:
        """Play this next. Returns when little of it is left.

        Raises:
            SpeakerUnavailable: Nothing here can play sound, or the device has failed or hangs.
        """
        seconds = len(chunk.pcm) / 2 / chunk.sample_rate
        await self._do(lambda speaker: speaker.put(chunk.pcm, chunk.sample_rate), _AHEAD_S + _PATIENCE_S)
        await self._do(lambda speaker: speaker.wait_for_room(_AHEAD_S), seconds + _PATIENCE_S)

    async def drain(self) -> None:
        """Wait until all was given to the device.

        Raises:
            SpeakerUnavailable: The device has failed or hangs.
        """
        await self._do(lambda speaker: speaker.wait_for_room(0), _AHEAD_S + _PATIENCE_S)

    async def close(self) -> None:
        """Wait until all was heard, and let the device go.

        Raises:
            SpeakerUnavailable: The device has failed or hangs.
        """
        await self._do(lambda speaker: speaker.finish(), _AHEAD_S + _PATIENCE_S)

    async def interrupt(self) -> None:
        """Fall silent now, and let the device go.

        Raises:
            SpeakerUnavailable: The device hangs.
        """
        await self._do(lambda speaker: speaker.interrupt(), _SILENCE_S)

    async def _do(self, work: Callable[[Speaker], None], within_s: float) -> None:
        """Have a thread do it, which is left behind when the device hangs."""
        if self._hangs and self._inside:
            raise SpeakerUnavailable("The sound device hangs. Restart the sound system, or the daemon.")
        self._hangs = False
        try:
            with anyio.fail_after(within_s):
                await run_sync(self._counted, work, self._speaker, abandon_on_cancel=True)
        except TimeoutError as error:
            self._hangs, self._speaker = True, Speaker(opened=self._opened)
            raise SpeakerUnavailable(
                "The sound device hangs: it takes no more sound. Restart the sound system, or the daemon."
            ) from error
        except NoDeviceError as error:
            self._speaker = Speaker(opened=self._opened)
            raise SpeakerUnavailable(
                f"Nothing here can play sound: {error}. Connect a loudspeaker to the machine of the daemon, and check"
                " with: vox doctor"
            ) from error

    def _counted(self, work: Callable[[Speaker], None], speaker: Speaker) -> None:
        with self._lock:
            self._inside += 1
        try:
            work(speaker)
        finally:
            with self._lock:
                self._inside -= 1
