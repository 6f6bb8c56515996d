"""Utterances played one after another on this machine's sound device, until somebody interrupts."""

from collections.abc import Callable

from vox.audio.playback import Player, Stream, open_device

__all__ = ["AHEAD_S", "Speaker"]

AHEAD_S = 20.0
"""Seconds of speech that are worth having ready: the next utterance is made well before it is needed, and whoever
interrupts does not throw much away."""


class Speaker:
    """A queue of speech. What is put is played behind what was put before, without a pause, also when that was another
    utterance; the device is opened with the first and let go by `finish` or `interrupt`.

    Args:
        volume: 1 plays samples as they are.
        opened: Opens the output for a rate and a number of channels.
    """

    def __init__(self, volume: float = 1.0, opened: Callable[[int, int], Stream] = open_device) -> None:
        self._volume, self._opened = volume, opened
        self._player: Player | None = None

    @property
    def volume(self) -> float:
        """How loud; a change is heard at once."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = volume
        if self._player is not None:
            self._player.volume = volume

    def put(self, samples: bytes, rate: int) -> None:
        """Samples to be played next, 16-bit and mono. Does not wait, unless the rate has changed: then for what was put
        before, because a device plays one rate at a time.

        Raises:
            NoDeviceError: Nothing here can play sound, or the device has failed.
        """
        if self._player is not None and self._player.rate != rate:
            self.finish()
        if self._player is None:
            self._player = Player(rate, opened=self._opened, volume=self._volume)
        self._player.put(samples)

    def wait_for_room(self, seconds: float = AHEAD_S) -> None:
        """Wait until no more than so many seconds are left to be played: time to make the next utterance.

        Raises:
            NoDeviceError: The device has failed.
        """
        if self._player is not None:
            self._player.wait_for_room(seconds)

    def finish(self) -> None:
        """Wait until everything has been heard. An exception, as from Ctrl-C, silences the device at once.

        Raises:
            NoDeviceError: The device has failed.
        """
        player, self._player = self._player, None
        if player is not None:
            player.finish()

    def interrupt(self) -> None:
        """Fall silent now, and drop what has not been heard. What is put afterwards is played."""
        player, self._player = self._player, None
        if player is not None:
            player.abort()
