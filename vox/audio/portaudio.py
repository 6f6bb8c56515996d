"""PortAudio, through which Vox reaches sound devices: loaded when somebody first needs it, counted while in use.

It learns which devices there are when it starts, and never again. So it is started anew for whoever comes while nobody
else is there: what was plugged in meanwhile is found.
"""

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

__all__ = ["PortAudioMissing", "acquire", "library_remedy", "portaudio", "release"]


class PortAudioMissing(Exception):
    """The library is not installed or does not start; the message says why."""


@contextmanager
def portaudio() -> Generator[Any]:
    """The sounddevice module, for the time of the block. Its devices stay as they are until nobody uses it.

    Raises:
        PortAudioMissing: There is none.
    """
    module = acquire()
    try:
        yield module
    finally:
        release()


def acquire() -> Any:
    """The sounddevice module, until as many calls of `release`. Starting it takes some tens of milliseconds.

    Raises:
        PortAudioMissing: There is none.
    """
    with _users.lock:
        module = _module(renewed=not _users.count)
        _users.count += 1
        return module


def release() -> None:
    """Give back what `acquire` gave."""
    with _users.lock:
        _users.count -= 1


def library_remedy() -> str:
    """How the library gets onto a machine of this kind."""
    if sys.platform.startswith("linux"):
        return "apt-get install libportaudio2 (portaudio on Fedora, Arch and Alpine)"
    return "pip install --force-reinstall sounddevice, which brings it on this system"


class _Users:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0


_users = _Users()


def _module(renewed: bool) -> Any:
    known = "sounddevice" in sys.modules
    try:
        import sounddevice
    except OSError as error:  # what it raises when the library itself is missing
        raise PortAudioMissing(f"the PortAudio library is not installed ({error})") from error
    module: Any = sounddevice
    if known and renewed:
        try:
            module._terminate()  # the only way to see new devices; it has no public name
            module._initialize()
        except module.PortAudioError as error:
            raise PortAudioMissing(f"PortAudio does not start ({error})") from error
    return module
