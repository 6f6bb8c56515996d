"""`vox devices`: what can be recorded from and played on."""

from typing import Any

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import NOT_FOUND, Output

__all__ = ["command"]

_EPILOG = """\b
Examples:
  vox devices
  VOX_INPUT_DEVICE="USB Mic" vox daemon restart

\b
Exit status: 0 there is a microphone, 1 there is none, 69 no daemon or no PortAudio.
"""


@click.command("devices", short_help="List microphones and loudspeakers.", epilog=_EPILOG)
@json_option
@no_start_option
@click.pass_obj
def command(output: Output, start: bool) -> int:
    """List the microphones and loudspeakers of this machine, by the names they are chosen by.

    The microphone that is used when a request names none is marked.
    """
    with open_client(output, start) as client:
        answer = client.call("microphone.devices", {})
    if output.json:
        output.object(answer)
    else:
        for direction, devices in (("input", answer["devices"]), ("output", answer["outputs"])):
            for device in devices:
                output.line(_line(direction, device))
        if not answer["devices"]:
            output.line("No microphone.")
    return 0 if answer["devices"] else NOT_FOUND


def _line(direction: str, device: dict[str, Any]) -> str:
    marks = [mark for mark in ("default", "chosen") if device.get(mark)]
    return " ".join([direction, repr(device["id"]), *(f"{mark}=true" for mark in marks)])
