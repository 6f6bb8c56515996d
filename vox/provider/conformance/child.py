"""A provider's process and its three pipes, of which none can make the suite wait for ever.

Three threads keep the pipes moving whatever the program does: one writes requests, one reads lines, one drains the
diagnostics. The suite itself only looks into queues, with a time limit.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

__all__ = ["Child"]

_TAIL = 16 << 10  # bytes of the diagnostics that are kept: enough for a traceback
_MAX_LINE = 64 << 20  # what Vox allows an ASR provider; two minutes of speech in base64 are an eighth of it
_MAX_LINES = 4096  # waiting to be looked at; a program that writes faster than that has to wait for the suite
_LOOK_S = 0.05  # how often a thread that cannot go on looks whether it is still wanted
_LAST_WORDS_S = 0.5  # they are in the pipe when a program has exited; only a child that lives on keeps it open
_KILLED_S = 5.0  # the system needs no longer to reap a killed process


class Child:
    """A running program.

    Args:
        command: Program and arguments; never given to a shell.
        environment: All variables the program sees.
        folder: Its working folder.

    Raises:
        OSError: The program cannot be executed.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        pipe = subprocess.PIPE
        own_group: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        self.process: subprocess.Popen[bytes] = _popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=dict(environment),
            cwd=folder,
            bufsize=0,
            **own_group,
        )
        self.tail = bytearray()
        """The end of what it wrote to stderr."""
        self.diagnostics = 0
        """How many bytes it wrote there altogether."""
        self.overflow = False
        """Whether it wrote a line longer than Vox allows. Nothing is read after it."""
        self._lines: queue.Queue[bytes | None] = queue.Queue(_MAX_LINES)
        self._ended = False
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._unwanted = threading.Event()
        self._drainer = self._start(self._drain, self.process.stderr)
        self._threads = [
            self._start(self._write_requests, self.process.stdin),
            self._start(self._read_lines, self.process.stdout),
            self._drainer,
        ]

    def write(self, data: bytes) -> None:
        """Send bytes. Never blocks; what the program does not read stays with the writing thread."""
        self._requests.put(data)

    def close_input(self) -> None:
        """End of input, after everything that was written before."""
        self._requests.put(None)

    def abandon(self) -> None:
        """Close all pipes at once, as the end of a killed daemon does."""
        self._unwanted.set()
        self._requests.put(None)
        for thread in self._threads:
            thread.join(_KILLED_S)

    def read(self, seconds: float) -> bytes | None:
        """The next line of output, without its end; None when the output has ended.

        Raises:
            queue.Empty: There was none within that time.
        """
        if self._ended:
            return None
        line = self._lines.get(timeout=seconds) if seconds > 0 else self._lines.get_nowait()
        self._ended = line is None
        return line

    def exited_within(self, seconds: float) -> int | None:
        """The exit status, negative for a signal; None when the program still runs after that time. What it has written
        to stderr before is in `tail` then."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._drainer.join(_LAST_WORDS_S)
        return status

    def end(self) -> None:
        """End the program and everything in its process group, and let go of the pipes. Safe to call twice."""
        self._unwanted.set()
        self._requests.put(None)
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):  # gone already, or zombies on macOS
                os.killpg(self.process.pid, signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_KILLED_S)
        for thread in self._threads:
            thread.join(_KILLED_S)

    # ---- the threads

    def _start(self, work: "Callable[[IO[bytes]], None]", pipe: "IO[bytes] | None") -> threading.Thread:
        assert pipe is not None
        thread = threading.Thread(target=_run, args=(work, pipe), daemon=True)
        thread.start()
        return thread

    def _write_requests(self, pipe: "IO[bytes]") -> None:
        while (data := self._requests.get()) is not None:
            view = memoryview(data)
            while view and self._may_write(pipe):
                view = view[os.write(pipe.fileno(), view[:4096]) :]  # a ready pipe takes that much without blocking

    def _read_lines(self, pipe: "IO[bytes]") -> None:
        pieces: list[bytes] = []
        size = 0
        while data := self._next_data(pipe):
            *lines, rest = data.split(b"\n")
            for line in lines:
                self._put(b"".join([*pieces, line]))
                pieces, size = [], 0
            pieces.append(rest)
            size += len(rest)
            if size > _MAX_LINE:
                self.overflow = True
                break
        if any(pieces) and not self.overflow:
            self._put(b"".join(pieces))
        self._put(None)

    def _drain(self, pipe: "IO[bytes]") -> None:
        while data := self._next_data(pipe):
            self.diagnostics += len(data)
            self.tail += data
            del self.tail[:-_TAIL]

    def _next_data(self, pipe: "IO[bytes]") -> bytes:
        while not self._unwanted.is_set():
            if _ready(pipe, writing=False):
                return os.read(pipe.fileno(), 1 << 16)
        return b""

    def _may_write(self, pipe: "IO[bytes]") -> bool:
        while not self._unwanted.is_set():
            if _ready(pipe, writing=True):
                return True
        return False

    def _put(self, line: bytes | None) -> None:
        while not self._unwanted.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=_LOOK_S)
                return


def _popen(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    process: Any = subprocess.Popen(list(command), **options)
    return process


def _run(work: "Callable[[IO[bytes]], None]", pipe: "IO[bytes]") -> None:
    with contextlib.suppress(OSError), pipe:  # the other end is closed: the process's end tells what there is to tell
        work(pipe)


def _ready(pipe: "IO[bytes]", *, writing: bool) -> bool:
    """Whether the pipe can be used now, after a short wait; where pipes cannot be watched, using them has to wait."""
    if sys.platform == "win32":
        return True
    import select

    poll = select.poll()
    poll.register(pipe, select.POLLOUT if writing else select.POLLIN)
    return bool(poll.poll(_LOOK_S * 1000))
