"""Getting the microphone, in time or not at all, and letting it go."""

import threading
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from vox.errors import MicrophoneUnavailable

if TYPE_CHECKING:
    from vox.audio.microphone import Microphone, OpenMicrophone

__all__ = ["Device", "let_go"]

_CLOSE_S = 5.0  # a sound system that takes longer to let go hangs


class Device:
    """The one microphone of the machine, as far as Vox is concerned.

    Args:
        open: Opens it.
    """

    def __init__(self, open: "OpenMicrophone") -> None:
        self._open = open
        self._opening: _Opening | None = None

    async def open(self, name: str | None, timeout_s: float) -> "Microphone":
        """Open the device of that name, None the default one. One that opens too late is closed again at once.

        Raises:
            MicrophoneUnavailable: There is none, it is forbidden or taken, or an earlier try still hangs.
            TimeoutError: It did not open in time.
        """
        if self._opening is not None and self._opening.hangs:
            raise MicrophoneUnavailable(
                "The sound system still hangs in opening the microphone. Restart it, or the daemon."
            )
        opening = self._opening = _Opening(self._open, name)
        try:
            with anyio.fail_after(timeout_s):
                return await run_sync(opening.run, abandon_on_cancel=True)
        except BaseException:
            opening.abandon()
            raise


async def let_go(microphone: "Microphone") -> None:
    """Close a microphone, whoever gives up meanwhile; in a thread, because some sound systems take their time."""
    with anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSE_S):
        await run_sync(microphone.close, abandon_on_cancel=True)


class _Opening:
    """One try to open the device, in a thread that nothing can stop."""

    def __init__(self, open: "OpenMicrophone", name: str | None) -> None:
        self._open, self._name = open, name
        self._lock = threading.Lock()
        self._opened: Microphone | None = None
        self._running = self._abandoned = False

    @property
    def hangs(self) -> bool:
        """Whether it was given up and has still not come back."""
        return self._abandoned and self._running

    def run(self) -> "Microphone":
        """Open it."""
        self._running = True
        try:
            microphone = self._open(self._name)
        finally:
            self._running = False
        with self._lock:
            self._opened = microphone
            if self._abandoned:
                microphone.close()
        return microphone

    def abandon(self) -> None:
        """Nobody wants it any more."""
        with self._lock:
            self._abandoned = True
            if self._opened is not None:
                self._opened.close()
