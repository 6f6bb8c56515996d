"""May this process use the microphone? Found out by using it, which is also what makes a system ask its user."""

import sys
import threading
from dataclasses import dataclass

from vox.audio.capture import open_stream
from vox.audio.devices import forbidden
from vox.errors import MicrophoneUnavailable

__all__ = ["MicrophoneAccess", "request_access"]

_LISTEN_S = 0.3
_asking = threading.Lock()  # a device that serves one program only would refuse the second of two that ask


@dataclass(frozen=True, slots=True)
class MicrophoneAccess:
    """The answer."""

    status: str
    """authorized, denied, not_determined or unknown."""
    detail: str
    remediation: dict[str, str] | None = None
    """What to do: action, label, detail."""


def request_access(preferred: str | None = None, platform: str = sys.platform) -> MicrophoneAccess:
    """Open the microphone for a moment. Takes a few tenths of a second: call it in a thread.

    Args:
        preferred: Taken in place of the default one while it is there.
    """
    try:
        with _asking:
            stream = open_stream(None, preferred)
            try:
                silent = platform == "darwin" and not stream.listen(_LISTEN_S).any()
            finally:
                stream.close()
    except MicrophoneUnavailable as error:
        return _refused(error)
    if silent:
        return MicrophoneAccess(
            "not_determined",
            f"{stream.device.id} gives nothing but silence, as macOS lets it for programs that were not allowed",
            _allow("System Settings, Privacy & Security, Microphone: allow the program that started the daemon"),
        )
    return MicrophoneAccess("authorized", f"{stream.device.id} records")


def _refused(error: MicrophoneUnavailable) -> MicrophoneAccess:
    if forbidden():
        detail = "sudo usermod -aG audio $USER, and log in again"
        return MicrophoneAccess("denied", "this user may not read /dev/snd", _allow(detail))
    return MicrophoneAccess("unknown", error.message, {"action": "run", "label": "Look closer", "detail": "vox doctor"})


def _allow(detail: str) -> dict[str, str]:
    return {"action": "run", "label": "Allow the microphone", "detail": detail}
