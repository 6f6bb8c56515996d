"""The daemon's side of it: what is said comes, and where the keyboard is goes, while the terminal waits for neither."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Any, TypeAlias

from vox.client.agents.door import Door
from vox.client.agents.message import AgentMessage
from vox.client.agents.stream import AgentStream, DoorStream
from vox.errors import VoxError

__all__ = ["Status", "Told", "Voice"]

Status: TypeAlias = dict[str, Any]
"""Of the door, as OpenVIP has it."""

Told: TypeAlias = AgentMessage | Status | VoxError | None
"""A message, how things stand, why nothing else will be told, or that the daemon is gone."""

_UNREAD = 64  # things told that the loop has not taken; whoever reads them from the daemon waits then
_UNDONE = 16  # things to do; what is older than these is out of date


class Voice:
    """Reads the streams of an agent in threads of their own. A loop waits for its descriptor, and takes what came.

    Args:
        agent: Id of the agent.
        door: To be told things.
        messages: To the agent; connected.
        status: How things stand; None where nobody wants to know.
    """

    def __init__(self, agent: str, door: Door, messages: AgentStream, status: DoorStream[Status] | None = None) -> None:
        self._agent, self._door = agent, door
        self._streams = [messages, *([status] if status is not None else [])]
        self._came, self._to_do = Queue[Told](_UNREAD), Queue[Callable[[], object]](_UNDONE)
        self._focused = False
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)

    def start(self) -> None:
        """Begin to read."""
        for stream in self._streams:
            threading.Thread(target=self._read, args=(stream,), daemon=True, name="vox-voice").start()
        threading.Thread(target=self._do, daemon=True, name="vox-door").start()

    def fileno(self) -> int:
        """Can be read when something came."""
        return self._reading

    def take(self) -> list[Told]:
        """What came."""
        os.read(self._reading, 4096)
        found: list[Told] = []
        with suppress(Empty):
            while True:
                found.append(self._came.get_nowait())
        return found

    def tell(self, told: Told) -> None:
        """Have `take` give something; waits while too much waits there."""
        self._came.put(told)
        with suppress(BlockingIOError):  # it can be read already
            os.write(self._writing, b"!")

    def focus(self, focused: bool) -> None:
        """The terminal got or lost the keyboard."""
        self._focused = focused
        self._later(lambda: self._door.focus(self._agent, focused))

    def connected(self, there: bool) -> None:
        """The daemon is gone, or one is there that knows nothing of us yet."""
        if not there:
            self.tell(None)
        elif self._focused:
            self.focus(True)

    def claim(self) -> None:
        """Have this agent spoken to."""
        self._later(lambda: self._door.control(f"output.set_agent:{self._agent}"))

    def close(self) -> None:
        """Be no agent any more. The threads, of which some may just be asking the daemon, end by themselves."""
        for stream in self._streams:
            stream.close()

    def _read(self, stream: "AgentStream | DoorStream[Status]") -> None:
        try:
            for told in stream:
                self.tell(told)
        except VoxError as error:
            self.tell(error)

    def _later(self, work: Callable[[], object]) -> None:
        with suppress(Full):
            self._to_do.put_nowait(work)

    def _do(self) -> None:
        while True:
            work = self._to_do.get()
            with suppress(VoxError):  # the daemon is gone, and the one that comes will be told anew
                work()
