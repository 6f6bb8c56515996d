"""Listening to the microphone: pieces of speech for those who recognise, levels for those who watch, and an end."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio

from vox.audio.utterance import Utterance
from vox.errors import MicrophoneUnavailable
from vox.runtime.live.device import let_go
from vox.runtime.live.pieces import RATE, Cutter
from vox.runtime.live.told import Attendant, DeviceChanged, EndedBy, Level, Tell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vox.audio.microphone import Microphone

__all__ = ["Recording"]

LEVEL_SAMPLES = RATE // 10
"""Samples of one level: ten a second."""

_DRAIN_S = 5.0  # what was heard is handed over in milliseconds; a device that takes longer hangs
_LATE_S = 10.0  # by how much a device's second may be longer than ours before it counts as one that gives nothing


class Recording:
    """One recording of an open microphone.

    Args:
        cutter: Finds its pieces.
        take: Told of each of them.
        tell: Told of levels, if they are wanted, and of a change of device.
        max_s: Seconds it may last.
        behind: Whether there is too much that was not recognised yet.
        attendant: Who is told when somebody speaks, and says when nothing is to be heard.
    """

    def __init__(
        self,
        microphone: "Microphone",
        cutter: Cutter,
        take: Callable[[Utterance], None],
        tell: Tell,
        *,
        max_s: float,
        levels: bool,
        behind: Callable[[], bool],
        attendant: Attendant | None = None,
    ) -> None:
        self._microphone, self._cutter, self._take, self._tell = microphone, cutter, take, tell
        self._max_s, self._max_samples, self._behind = max_s, round(max_s * RATE), behind
        self._loudness = _Loudness() if levels else None
        self._attendant, self._speaks = attendant, False
        self._device = microphone.device
        self._stopped = anyio.Event()
        self.samples = 0
        """How many were recorded, those included that were lost."""
        self.lost = 0
        """How many were lost."""

    def going_on(self) -> Utterance | None:
        """What was said until now of the utterance that has not ended."""
        return self._cutter.going_on()

    def stop(self) -> None:
        """Record no more."""
        self._stopped.set()

    async def run(self) -> EndedBy:
        """Record until the end. The microphone is closed then, whatever happened.

        Raises:
            MicrophoneUnavailable: It went away before anything was heard.
        """
        ended: EndedBy = "microphone_lost"
        gone: MicrophoneUnavailable | None = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._close_in_time, tasks.cancel_scope)
                try:
                    ended = await self._listen()
                except MicrophoneUnavailable as error:
                    gone = error
                tasks.cancel_scope.cancel()
        finally:
            await let_go(self._microphone)
        if gone is not None:
            raise gone
        for piece in self._cutter.end():
            self._end(piece)
        return ended

    async def _close_in_time(self, listening: anyio.CancelScope) -> None:
        """Close the microphone when the client wants it, and at the latest when the recording must have ended. Its
        blocks end then; those of a device that hangs are not waited for."""
        with anyio.move_on_after(self._max_s + _LATE_S):
            await self._stopped.wait()
        await let_go(self._microphone)
        await anyio.sleep(_DRAIN_S)
        listening.cancel()

    async def _listen(self) -> EndedBy:
        try:
            async for block in self._microphone.blocks():
                self._look_at_device()
                if block.lost:
                    self._hear(_silence(min(block.lost, self._max_samples - self.samples)))
                    self.lost += block.lost
                self._hear(block.samples[: max(0, self._max_samples - self.samples)])
                if self.samples >= self._max_samples:
                    return "recording_timeout"
                if self._behind():
                    return "recogniser_behind"
        except MicrophoneUnavailable:
            if not self.samples:
                raise
            self._tell(DeviceChanged(None, self._device))
            return "microphone_lost"
        return "stop" if self._stopped.is_set() else "microphone_lost"

    def _look_at_device(self) -> None:
        if self._microphone.device != self._device:
            previous, self._device = self._device, self._microphone.device
            self._tell(DeviceChanged(self._device, previous))

    def _hear(self, samples: "NDArray[np.int16]") -> None:
        self.samples += len(samples)
        if self._attendant is not None and self._attendant.is_deaf():
            samples = _silence(len(samples))
        if self._loudness is not None:
            for level in self._loudness.feed(samples):
                self._tell(level)
        for piece in self._cutter.feed(samples):
            self._end(piece)
        self._look_at_speech()

    def _end(self, piece: Utterance) -> None:
        self._speaks = False  # who goes on speaking where it was cut begins anew
        if self._attendant is not None:
            self._attendant.ended(piece)
        self._take(piece)

    def _look_at_speech(self) -> None:
        spoke, self._speaks = self._speaks, self._cutter.speaks
        if self._attendant is not None and self._speaks and not spoke:
            self._attendant.began()


class _Loudness:
    """Levels of tenths of a second, whatever the blocks are."""

    def __init__(self) -> None:
        self._count, self._squares, self._peak = 0, 0.0, 0

    def feed(self, samples: "NDArray[np.int16]") -> "list[Level]":
        """The levels that end in these samples."""
        levels: list[Level] = []
        while len(samples):
            part, samples = samples[: LEVEL_SAMPLES - self._count], samples[LEVEL_SAMPLES - self._count :]
            wide = part.astype("float64")
            self._count += len(part)
            self._squares += float(wide @ wide)
            self._peak = max(self._peak, int(abs(wide).max()))
            if self._count == LEVEL_SAMPLES:
                rms = (self._squares / LEVEL_SAMPLES) ** 0.5 / 32_768
                levels.append(Level(round(rms, 4), round(self._peak / 32_768, 4)))
                self._count, self._squares, self._peak = 0, 0.0, 0
        return levels


def _silence(samples: int) -> "NDArray[np.int16]":
    import numpy as np

    return np.zeros(max(0, samples), np.int16)
