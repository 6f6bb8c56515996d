"""`vox transcribe` without a file: what is said into the daemon's microphone, as lines for a pipe.

It is an agent. By default it prints one line, what is said until the user says to send it, and ends; so each program of
`vox transcribe | tool | vox speak` sees the end of its input after one turn.
"""

import json
import os
import select
import socket
import stat
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from vox.cli.leaving import left_on_signals
from vox.cli.options import open_client
from vox.cli.output import Output
from vox.errors import Cancelled, InvalidRequest, VoxError

if TYPE_CHECKING:
    from vox.client import Client
    from vox.client.agents.door import Door
    from vox.client.agents.message import AgentMessage
    from vox.client.agents.stream import AgentStream

__all__ = ["AGENT", "How", "check_stdin", "hear"]

AGENT = "transcribe"
"""The agent's id, unless another is given."""

_LOOK_S = 2.0  # between looks at whether the microphone is there, while nothing is heard


class How(NamedTuple):
    """What is wanted."""

    agent: str = AGENT
    """Id under which it is spoken to."""
    follow: bool = False
    """Print a line for each utterance, until the user or the reader of the lines has enough."""
    auto_submit: bool = False
    """End with the first utterance, whether or not it is to be sent."""
    partials: bool = False
    """Show also what is being said just now."""


def hear(output: Output, how: How, start: bool = True) -> int:
    """Print what is said. Returns the exit status.

    Args:
        start: Whether to start a daemon.

    Raises:
        AgentConflict: Another program has that id.
        VoxError: As `Client.listen`.
    """
    turns = _Turns(output, how)
    with open_client(output, start) as client, left_on_signals():
        try:
            with _listening(output, client, how) as messages:
                output.note(f"Listening as agent '{how.agent}'... ({turns.when})")
                for message in messages:
                    if turns.take(message):
                        return 0
        except BrokenPipeError:
            raise
        except KeyboardInterrupt:
            return 0 if turns.flush() or how.follow else Cancelled.exit_status
        except BaseException:
            turns.flush()
            raise
    return 0


def check_stdin() -> None:
    """See to it that nobody has piped audio in without saying so.

    Raises:
        InvalidRequest: Something waits to be read there.
    """
    with suppress(OSError, ValueError):
        if _holds_data(sys.stdin.fileno()):
            raise InvalidRequest(
                "Something is piped in. Transcribe that with: vox transcribe -\n"
                "Or listen to the microphone with: vox transcribe < /dev/null"
            )


class _Turns:
    """What was said, as lines."""

    def __init__(self, output: Output, how: How) -> None:
        self._output, self._how = output, how
        self._said: list[str] = []

    @property
    def when(self) -> str:
        """When lines come, for the user."""
        if self._how.follow:
            return "a line for each utterance"
        return "the first utterance ends it" if self._how.auto_submit else "submit to send"

    def take(self, message: "AgentMessage") -> bool:
        """Print what is to be printed now. Returns whether that was all."""
        if message.type != "transcription" or (message.partial and not self._how.partials):
            return False  # anybody may send anything to an agent
        if self._output.json:
            self._output.line(json.dumps(message.raw, ensure_ascii=False, separators=(",", ":")))
        if message.partial:
            self._show(message.text)
            return False
        if text := " ".join(message.text.split()):
            self._said.append(text)
        if not self._said or not (message.submit or self._how.follow or self._how.auto_submit):
            return False
        self.flush()
        return not self._how.follow

    def flush(self) -> bool:
        """Print what has not been printed yet. Returns whether there was something."""
        said, self._said = " ".join(self._said), []
        if said and not self._output.json:
            self._output.line(said)
        return bool(said)

    def _show(self, text: str) -> None:
        if self._output.json:
            return
        self._output.partial(text) if self._output.has_status else self._output.note(f"partial: {text}")


# ---- being the agent


@contextmanager
def _listening(output: Output, client: "Client", how: How) -> "Generator[AgentStream]":
    """The messages to the agent, which is the one that is spoken to, with the microphone on."""
    from vox.client.agents.stream import agent_stream

    def tell(there: bool) -> None:
        output.note("The daemon is back." if there else "The daemon went away; waiting for it.")
        if there:
            with suppress(VoxError):  # it went away again
                microphone.open()

    door = client.door()
    microphone = _Microphone(output, door)
    wait = _Wait(microphone.look)
    stream = agent_stream(client.whereabouts, how.agent, partials=how.partials, changed=tell, wait=wait)
    with stream:
        door.focus(how.agent, True)  # whoever types a command looks at it, and need not be told aloud who is spoken to
        door.control(f"output.set_agent:{how.agent}")
        try:
            microphone.open()
            yield stream
        finally:
            microphone.close()


class _Wait:
    """Waits for the daemon's next word, for the reader of our lines to go, and for the microphone to fail.

    Args:
        look: Called now and then, while nothing else happens.
    """

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll is not None:
            with suppress(OSError, ValueError):  # not a file of the system, as in tests
                written = sys.stdout.fileno()
                is_pipe = stat.S_ISFIFO(os.fstat(written).st_mode)
                self._poll.register(written, select.POLLHUP if is_pipe else 0)  # macOS tells it only if asked to

    def __call__(self, connection: socket.socket | None, within_s: float) -> bool:
        """Whether there is something to read.

        Raises:
            BrokenPipeError: Nobody reads our lines any more.
        """
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            if self._wait(connection, min(left, _LOOK_S)):
                return True
            if connection is not None:
                self._look()
        return False

    def _wait(self, connection: socket.socket | None, within_s: float) -> bool:
        if self._poll is None:
            if connection is None:
                time.sleep(within_s)  # Windows, whose select refuses to wait for nothing
                return False
            return bool(select.select([connection], [], [], within_s)[0])
        if connection is not None:
            self._poll.register(connection, select.POLLIN)
        try:
            found = self._poll.poll(within_s * 1000)
        finally:
            if connection is not None:
                self._poll.unregister(connection)
        came = {descriptor for descriptor, _ in found}
        if connection is not None and connection.fileno() in came:
            return True
        if came:
            raise BrokenPipeError
        return False


class _Microphone:
    """Has the daemon listen, and says why nothing is heard, once for each reason."""

    def __init__(self, output: Output, door: "Door") -> None:
        self._output, self._door = output, door
        self._told: str | None = None
        self._is_ours = False  # the daemon would not listen without us

    def open(self) -> None:
        """Have the daemon listen, also where the user has told it not to."""
        if self._door.status().get("platform", {}).get("listening") is False:
            self._is_ours = True  # before it is: whoever presses Ctrl-C now leaves nothing that listens
            self._door.control("stt.start")

    def close(self) -> None:
        """Have it listen no more, if it did not before."""
        if self._is_ours:
            with suppress(VoxError):  # it has ended, and listens to nobody
                self._door.control("stt.stop")

    def look(self) -> None:
        """Look whether there is one."""
        with suppress(VoxError):  # its stream tells that the daemon is gone
            error = self._door.status().get("platform", {}).get("stt", {}).get("error")
            if error and error != self._told:
                self._output.note(f"not listening: {error}")
            self._told = error


def _holds_data(descriptor: int) -> bool:
    """Whether a file, or bytes in a pipe, wait there; a pipe that is just inherited is empty."""
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode):
        return facts.st_size > os.lseek(descriptor, 0, os.SEEK_CUR)
    if not stat.S_ISFIFO(facts.st_mode) or sys.platform == "win32":
        return False
    import array
    import fcntl
    import termios

    waiting = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, waiting)
    return waiting[0] > 0
