"""A live session in front of a person: what happens on stderr, the keys that end it, and the text on stdout."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from vox.cli.output import Output
from vox.errors import VoxError

if TYPE_CHECKING:
    from vox.client.live import LiveEvent, LiveSession

__all__ = ["ended_early", "say", "stopped_by_enter", "stopped_by_interrupt"]

_WHY = {
    "recording_timeout": "The recording has reached its longest; what was said until then is here.",
    "microphone_lost": "The microphone went away; what was said until then is here.",
    "recogniser_behind": "The model is too slow for this; recording was stopped.",
}


def say(output: Output, event: "LiveEvent") -> None:
    """Tell of an event what a person wants to know meanwhile."""
    data: dict[str, Any] = event.data
    if event.name == "state":
        output.note(f"state: {data['state']}" + (f" ({data['reason']})" if "reason" in data else ""))
    elif event.name == "partial":
        output.partial(event.text) if output.has_status else output.note(f"partial: {event.text}")
    elif event.name == "device":
        gone = f"microphone: {data['previous']} is gone"
        output.note(f"{gone}, now {data['device']}" if data["device"] else gone)
    elif event.name == "warning":
        output.note(f"warning: {data['message']}")


def ended_early(output: Output, answer: dict[str, Any]) -> None:
    """Say why a recording ended that nobody stopped."""
    if answer.get("endedBy") in _WHY:
        output.note(_WHY[answer["endedBy"]])


@contextmanager
def stopped_by_enter(session: "LiveSession") -> Generator[None]:
    """Have the Enter key stop the session. The end of an input that is no terminal means nothing: a script has none."""

    def wait() -> None:
        try:  # below the buffers of Python, which a thread that still waits at the end of the program would hold
            descriptor = sys.stdin.fileno()
            while (byte := os.read(descriptor, 1)) not in (b"", b"\n"):
                pass
        except (OSError, ValueError):  # there is no input
            return
        if byte or os.isatty(descriptor):
            _stop(session)

    threading.Thread(target=wait, daemon=True, name="vox-enter").start()
    yield


@contextmanager
def stopped_by_interrupt(session: "LiveSession") -> Generator[None]:
    """Have the first Ctrl-C stop the session rather than end the program; the second one does that."""

    def stop(_: int, __: object) -> None:
        signal.signal(signal.SIGINT, before)
        threading.Thread(target=_stop, args=(session,), daemon=True, name="vox-stop").start()

    before: Callable[..., Any] | int | None = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop(session: "LiveSession") -> None:
    """Stop the session. It may have ended in the same moment; and what fails here fails its own call as well, whose
    error is shown."""
    with suppress(VoxError):
        session.stop()
