"""Is there something to hear with, and something to be heard with?"""

from collections.abc import Iterable
from typing import cast

from vox.audio.devices import check_microphone, choose, output_devices
from vox.audio.playback import NoDeviceError
from vox.daemon.doctor.check import Check, Status

__all__ = ["microphone", "speaker"]


def microphone() -> Iterable[Check]:
    """The one live sessions use when none is named. Nothing is opened."""
    status, detail, remedy = check_microphone()
    told = (remedy["label"], remedy["detail"]) if remedy is not None else None
    return [Check("microphone", cast("Status", status), detail, told)]


def speaker() -> Iterable[Check]:
    """The one `vox speak` plays on. Nothing is opened."""
    without = ("Write a file instead", 'vox speak "Hello." --out hello.wav')
    try:
        chosen = choose(output_devices(), None)
    except NoDeviceError as error:
        return [Check("speaker", "warning", str(error), without)]
    if chosen is None:
        return [Check("speaker", "warning", "there is no sound device to play on", without)]
    return [Check("speaker", "ok", chosen.id)]
