"""Which sound devices this machine has, under names that stay the same from one start to the next.

PortAudio numbers devices anew whenever one comes or goes, ALSA puts the card's number into the name, and Windows shows
each device once per driver model. What is called `id` here is free of all that: it can be written into a setting.
"""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vox.audio.playback import NoDeviceError
from vox.audio.portaudio import PortAudioMissing, library_remedy, portaudio
from vox.errors import MicrophoneUnavailable

__all__ = [
    "Device",
    "check_microphone",
    "choose",
    "forbidden",
    "input_devices",
    "list_devices",
    "no_microphone",
    "output_devices",
]

Direction = Literal["input", "output"]

_PREFERRED_DRIVERS = ("Core Audio", "Windows WASAPI", "ALSA")
"""Each device is shown by the first of these that has it, on systems where several show the same."""
_CARD = re.compile(r"\s*\(hw:\d+,\d+\)$")
_SOUND_FOLDER = Path("/dev/snd")


@dataclass(frozen=True, slots=True)
class Device:
    """One sound device, in one direction."""

    id: str
    """What it is chosen by."""
    name: str
    """What the system calls it."""
    default: bool
    """Whether it is taken when none is named."""
    index: int
    """Its number in PortAudio, valid while that runs."""
    rate: int
    """Hz it likes best."""
    channels: int
    """The most it has."""


def input_devices() -> list[Device]:
    """The microphones there are now, the default one first. Takes some tens of milliseconds: call it in a thread.

    Raises:
        MicrophoneUnavailable: PortAudio is missing. A machine without a microphone gives an empty list.
    """
    try:
        with portaudio() as library:
            return list_devices(library, "input")
    except PortAudioMissing as error:
        raise MicrophoneUnavailable(f"{_sentence(error)} Install it: {library_remedy()}.") from error


def output_devices() -> list[Device]:
    """The loudspeakers there are now, as `input_devices`.

    Raises:
        NoDeviceError: PortAudio is missing.
    """
    try:
        with portaudio() as library:
            return list_devices(library, "output")
    except PortAudioMissing as error:
        raise NoDeviceError(f"{error}; install it: {library_remedy()}") from error


def list_devices(library: Any, direction: Direction) -> list[Device]:
    """What the sounddevice module shows, the default device first."""
    drivers = [str(driver["name"]) for driver in library.query_hostapis()]
    rows = [row for row in library.query_devices() if row[f"max_{direction}_channels"] > 0]
    rows.sort(key=lambda row: (_rank(drivers[row["hostapi"]]), row["index"]))
    default = _default_index(library, direction, rows)
    taken: dict[str, int] = {}
    found: list[Device] = []
    for row in rows:
        name, driver = str(row["name"]), drivers[row["hostapi"]]
        found.append(
            Device(
                id=_unique(_CARD.sub("", name), driver, taken),
                name=name,
                default=row["index"] == default,
                index=row["index"],
                rate=round(row["default_samplerate"]),
                channels=row[f"max_{direction}_channels"],
            )
        )
    return sorted(found, key=lambda device: not device.default)


def choose(devices: Sequence[Device], name: str | None) -> Device | None:
    """The device of that id or name, whatever its case, else the only one whose name contains it; None for None is the
    default device. Gives None when there is no such device."""
    if name is None:
        return next((device for device in devices if device.default), devices[0] if devices else None)
    wanted = name.casefold()
    exact = [device for device in devices if wanted in (device.id.casefold(), device.name.casefold())]
    if exact:
        return exact[0]
    partly = [device for device in devices if wanted in device.name.casefold()]
    return partly[0] if len(partly) == 1 else None


def no_microphone(name: str | None, devices: Sequence[Device]) -> MicrophoneUnavailable:
    """Why `choose` found nothing, and what to do about it."""
    if name is None or not devices:
        return MicrophoneUnavailable(f"There is no microphone here. {_device_remedy()}")
    known = ", ".join(device.id for device in devices)
    return MicrophoneUnavailable(f"There is no microphone {name!r}. There are: {known}.", known=known.split(", "))


def check_microphone() -> tuple[str, str, dict[str, str] | None]:
    """For the doctor: status (ok or warning), detail, and what to do. It opens nothing; call it in a thread."""
    try:
        devices = input_devices()
    except MicrophoneUnavailable as error:
        return "warning", error.message, _remediation("Install PortAudio", library_remedy())
    chosen = choose(devices, None)
    if chosen is None:
        return "warning", "there is no microphone", _remediation("Give it a microphone", _device_remedy())
    others = f" and {len(devices) - 1} more" if len(devices) > 1 else ""
    return "ok", f"{chosen.id}{others}", None


def forbidden() -> bool:
    """Whether there are sound cards, and this user may open none of them."""
    captures = list(_SOUND_FOLDER.glob("pcmC*c")) if _SOUND_FOLDER.is_dir() else []
    return bool(captures) and not any(os.access(node, os.R_OK | os.W_OK) for node in captures)


def _sentence(error: Exception) -> str:
    told = str(error)
    return f"{told[:1].upper()}{told[1:]}."


def _rank(driver: str) -> int:
    return _PREFERRED_DRIVERS.index(driver) if driver in _PREFERRED_DRIVERS else len(_PREFERRED_DRIVERS)


def _default_index(library: Any, direction: Direction, rows: list[Any]) -> int | None:
    """The default of the driver that is preferred here; PortAudio's own would be one that cuts names on Windows."""
    for driver in sorted(library.query_hostapis(), key=lambda driver: _rank(str(driver["name"]))):
        if (index := driver[f"default_{direction}_device"]) >= 0:
            return index
    return rows[0]["index"] if rows else None


def _unique(name: str, driver: str, taken: dict[str, int]) -> str:
    """The name, with the driver's or a number behind it where another device has it already."""
    for candidate in (name, f"{name} ({driver})"):
        if candidate not in taken:
            taken[candidate] = 1
            return candidate
    taken[name] += 1
    return f"{name} #{taken[name]}"


def _remediation(label: str, detail: str) -> dict[str, str]:
    return {"action": "run", "label": label, "detail": detail}


def _device_remedy() -> str:
    if sys.platform == "darwin":
        return "Plug one in, and choose it in System Settings, Sound, Input."
    if sys.platform == "win32":
        return "Plug one in, and see that Settings, Privacy, Microphone lets desktop programs use it."
    if forbidden():
        return "This user may not read /dev/snd: sudo usermod -aG audio $USER, and log in again."
    return "Plug one in; in a container pass --device /dev/snd, or PULSE_SERVER and its socket."
