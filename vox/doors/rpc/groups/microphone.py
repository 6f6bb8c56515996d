"""Methods about this machine's sound devices, and about what is not to be heard through them."""

from typing import TYPE_CHECKING, Any

import anyio.to_thread

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.errors import InvalidRequest, MicrophoneUnavailable, NotAuthorized
from vox.runtime.deafness import MOST_S
from vox.runtime.runtime import Runtime

if TYPE_CHECKING:
    from vox.audio.devices import Device

__all__ = ["MicrophoneMethods"]


class MicrophoneMethods:
    """`microphone.requestAccess`, `microphone.devices`, `microphone.deafen`.

    The first two open the sound system, which takes a moment and is loaded for it: in a thread.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.handlers: dict[str, Handler] = {
            "microphone.requestAccess": self._request_access,
            "microphone.devices": self._devices,
            "microphone.deafen": self._deafen,
        }

    async def _request_access(self, _: Params, __: Access, ___: Emit) -> dict[str, Any]:
        if any(session["state"] == "recording" for session in self._runtime.live.statuses()):
            return {"status": "authorized", "detail": "a live session records", "remediation": None}
        return await anyio.to_thread.run_sync(_ask, self._runtime.preferred_microphone, abandon_on_cancel=True)

    async def _devices(self, _: Params, access: Access, __: Emit) -> dict[str, Any]:
        if not access.files:
            raise NotAuthorized("A web page may not see which devices this machine has.")
        return await anyio.to_thread.run_sync(_list, self._runtime.preferred_microphone, abandon_on_cancel=True)

    async def _deafen(self, params: Params, access: Access, _: Emit) -> dict[str, Any]:
        if not access.files:
            raise NotAuthorized("A web page may not say what this machine's microphone overlooks.")
        ms = params.number("ms", 0, round(1000 * MOST_S))
        if ms is None:
            raise InvalidRequest("ms is missing: for how long the microphone overlooks what it hears.")
        self._runtime.deafness.deafen(access.connection, ms / 1000)
        return {"deaf": self._runtime.deafness.lasts}


def _ask(preferred: str | None) -> dict[str, Any]:
    from vox.audio.access import request_access  # loads numpy and, at last, the sound library

    answer = request_access(preferred)
    return {"status": answer.status, "detail": answer.detail, "remediation": answer.remediation}


def _list(preferred: str | None) -> dict[str, Any]:
    from vox.audio.devices import choose, input_devices, output_devices  # loads the sound library
    from vox.audio.playback import NoDeviceError

    found = input_devices()
    try:
        outputs = output_devices()
    except NoDeviceError as error:
        raise MicrophoneUnavailable(str(error)) from error
    chosen = (preferred and choose(found, preferred)) or choose(found, None)
    inputs = [{**_shape(device), "chosen": device is chosen} for device in found]
    return {"devices": inputs, "outputs": [_shape(device) for device in outputs]}


def _shape(device: "Device") -> dict[str, Any]:
    return {"id": device.id, "name": device.name, "default": device.default}
