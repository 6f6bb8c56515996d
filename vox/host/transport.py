"""Bytes to and from one child.

`Transport` is the seam: the Unix one works on the event loop's own file descriptors, the portable one on asyncio's
pipes, and tests bring one in memory. All of them hand over lines and never block: what a child does not read is kept,
up to a bound, and past the bound a write is refused.

The Unix transport is the hot path. It coalesces the writes of one loop turn into one system call and reads straight
into the line buffer; asyncio's stream layer would cost several times the pipe itself.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from vox.host.job import end_rest, spawn_options
from vox.protocol.framing import LineBuffer, LineTooLongError

__all__ = ["MAX_UNSENT", "PipeTransport", "Receiver", "Transport", "UnixTransport", "open_transport"]

MAX_UNSENT = 1 << 20
"""Bytes kept for a child that does not read; a child that far behind is hung, and its callers must be told."""

_PIPE_SIZE = 1 << 20  # a megabyte per read instead of 64 KiB: a quarter off large answers
_F_SETPIPE_SZ = 1031  # Linux's number for it; the fcntl module has the name on newer builds only
_LAST_READS = 1024  # reads after the exit: all that fits a pipe, however small each piece


class Receiver(Protocol):
    """Who is told what a transport sees."""

    def on_lines(self, lines: "list[bytes | memoryview]") -> None:
        """Whole lines; views are valid during the call only."""
        ...

    def on_stderr(self, data: bytes) -> None:
        """Diagnostics of the child."""
        ...

    def on_overflow(self, error: LineTooLongError) -> None:
        """A line went over the cap."""
        ...

    def on_refused(self) -> None:
        """The child closed its input, so what was written did not reach it. Its output may go on."""
        ...

    def on_end(self) -> None:
        """The child closed its output, or is gone. Called once, before `on_exit`."""
        ...

    def on_exit(self, code: int) -> None:
        """The child was reaped; a negative code is a signal. Called once."""
        ...


class Transport(Protocol):
    """A running child, seen as lines."""

    process: "subprocess.Popen[bytes]"

    def write(self, line: bytes) -> bool:
        """Send a line; False when the child is too far behind to take it."""
        ...

    def close_input(self) -> None:
        """End of input: the polite request to finish."""
        ...

    def close(self) -> None:
        """Let go of every descriptor. Safe to call twice."""
        ...


async def open_transport(
    argv: Sequence[str], environment: Mapping[str, str], folder: Path, receiver: Receiver, max_line: int
) -> Transport:
    """Start a child and return its transport.

    Raises:
        OSError: The program cannot be executed.
    """
    if sys.platform == "win32":
        return await PipeTransport.open(argv, environment, folder, receiver, max_line)
    return UnixTransport(argv, environment, folder, receiver, max_line)


class UnixTransport:
    """A child on non-blocking file descriptors, watched by the running loop.

    Raises:
        OSError: The program cannot be executed.
    """

    def __init__(
        self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, receiver: Receiver, max_line: int
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._receiver = receiver
        self._buffer = LineBuffer(max_line)
        options: dict[str, Any] = {"env": dict(environment), "cwd": folder, "bufsize": 0, **spawn_options()}
        pipe = subprocess.PIPE
        self.process = _popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, **options)
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self._input = self.process.stdin.fileno()
        self._output = self.process.stdout.fileno()
        self._errors = self.process.stderr.fileno()
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._blocked = self._input_closed = self._output_ended = self._closed = False
        self._lone = True
        self._widen_pipe()
        try:
            for descriptor in (self._input, self._output, self._errors):
                os.set_blocking(descriptor, False)
            self._loop.add_reader(self._output, self._readable)
            self._loop.add_reader(self._errors, self._stderr_readable)
            _watch_exit(self._loop, self.process, self._exited)
        except OSError:  # no descriptors left: a child that nobody watches must not stay
            self.close()
            end_rest(self.process)
            self.process.wait()
            raise

    def write(self, line: bytes) -> bool:
        if self._input_closed or self._unsent_bytes > MAX_UNSENT:
            return False
        if not self._unsent:
            # Where the last read brought one answer, one caller is likely at work: nothing is gained by waiting for
            # others. Else they will write in this turn of the loop as well, and share a system call.
            if self._lone:
                self._send(line)
                return True
            self._loop.call_soon(self._flush)
        self._unsent.append(line)
        self._unsent_bytes += len(line)
        return True

    def close_input(self) -> None:
        if self._input_closed:
            return
        self._input_closed = True
        self._loop.remove_writer(self._input)
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.close_input()
        self._stop_reading(self._output, self.process.stdout)
        self._stop_reading(self._errors, self.process.stderr)
        with contextlib.suppress(BufferError):  # a line is being handed out; the map goes with its last view
            self._buffer.close()

    def _flush(self) -> None:
        if self._input_closed or not self._unsent:
            return
        data = self._unsent[0] if len(self._unsent) == 1 else b"".join(self._unsent)
        self._unsent.clear()
        self._unsent_bytes = 0
        self._send(data)

    def _send(self, data: bytes) -> None:
        try:
            written = os.write(self._input, data)
        except BlockingIOError:
            written = 0
        except OSError:
            self.close_input()
            self._receiver.on_refused()
            return
        if written < len(data):
            self._unsent.append(data[written:])
            self._unsent_bytes = len(data) - written
            if not self._blocked:
                self._blocked = True
                self._loop.add_writer(self._input, self._writable)
        elif self._blocked:
            self._blocked = False
            self._loop.remove_writer(self._input)

    def _writable(self) -> None:
        self._flush()

    def _readable(self) -> bool:
        """One read; False when there was nothing more to read."""
        if self._output_ended or self._closed:
            return False
        try:
            count = os.readv(self._output, [self._buffer.writable()])
        except BlockingIOError:
            return False
        except OSError:
            count = 0
        if not count:
            self._end_output()
            return False
        try:
            lines = self._buffer.received(count)
        except LineTooLongError as error:
            self._output_ended = True
            self._stop_reading(self._output, self.process.stdout)
            self._receiver.on_overflow(error)
            return False
        if lines:
            self._lone = len(lines) == 1
            self._receiver.on_lines(lines)
            if self._buffer.swollen:
                self._buffer.shrink()
        return True

    def _exited(self, code: int) -> None:
        # What it wrote before it died still counts. A grandchild may hold the pipe open, so the end of the output
        # may never come by itself.
        for _ in range(_LAST_READS):
            if not self._readable():
                break
        if not self._output_ended and not self._closed:
            self._end_output()
        self._receiver.on_exit(code)

    def _end_output(self) -> None:
        self._output_ended = True
        self._stop_reading(self._output, self.process.stdout)
        self._receiver.on_end()

    def _stderr_readable(self) -> None:
        try:
            data = os.read(self._errors, 1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._receiver.on_stderr(data)
        else:
            self._stop_reading(self._errors, self.process.stderr)

    def _stop_reading(self, descriptor: int, file: Any) -> None:
        if file is not None and not file.closed:
            self._loop.remove_reader(descriptor)
            file.close()

    def _widen_pipe(self) -> None:
        if sys.platform == "linux":
            import fcntl

            with contextlib.suppress(OSError):  # past the user's quota for large pipes: the usual size works too
                fcntl.fcntl(self._output, _F_SETPIPE_SZ, _PIPE_SIZE)


class PipeTransport:
    """The portable transport: asyncio's own pipes. Windows has no descriptors a loop could watch."""

    process: "subprocess.Popen[bytes]"

    def __init__(self, receiver: Receiver, max_line: int) -> None:
        self._receiver = receiver
        self._buffer = LineBuffer(max_line)
        self._transport: asyncio.SubprocessTransport | None = None
        self._ended = False

    @classmethod
    async def open(
        cls, argv: Sequence[str], environment: Mapping[str, str], folder: Path, receiver: Receiver, max_line: int
    ) -> "PipeTransport":
        """Start a child.

        Raises:
            OSError: The program cannot be executed.
        """
        self = cls(receiver, max_line)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.subprocess_exec(
            lambda: _PipeProtocol(self), *argv, env=dict(environment), cwd=folder, **spawn_options()
        )
        self.process = self._transport.get_extra_info("subprocess")
        return self

    def write(self, line: bytes) -> bool:
        pipe: Any = self._transport.get_pipe_transport(0) if self._transport else None
        if pipe is None or pipe.is_closing() or pipe.get_write_buffer_size() > MAX_UNSENT:
            return False
        pipe.write(line)
        return True

    def close_input(self) -> None:
        pipe = self._transport.get_pipe_transport(0) if self._transport else None
        if pipe is not None:
            pipe.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def received(self, descriptor: int, data: bytes) -> None:
        """Data of the child: diagnostics, or lines."""
        if descriptor == 2:
            self._receiver.on_stderr(data)
            return
        if self._ended:
            return
        try:
            lines = self._buffer.feed(data)
        except LineTooLongError as error:
            self._ended = True
            self._receiver.on_overflow(error)
            return
        if lines:
            self._receiver.on_lines(list(lines))

    def refused(self) -> None:
        """The child closed its input."""
        self._receiver.on_refused()

    def ended(self) -> None:
        """The child closed its output or exited."""
        if not self._ended:
            self._ended = True
            self._receiver.on_end()

    def exited(self) -> None:
        """The child is gone and reaped."""
        self.ended()
        self._receiver.on_exit(self.process.returncode or 0)


class _PipeProtocol(asyncio.SubprocessProtocol):
    def __init__(self, owner: PipeTransport) -> None:
        self._owner = owner

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._owner.received(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self._owner.ended()
        elif fd == 0 and exc is not None:
            self._owner.refused()

    def process_exited(self) -> None:
        self._owner.exited()


def _popen(argv: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    process: Any = subprocess.Popen(argv, **options)
    return process


def _watch_exit(
    loop: asyncio.AbstractEventLoop, process: "subprocess.Popen[bytes]", exited: Callable[[int], None]
) -> None:
    """Call `exited` on the loop once the child is reaped: by its descriptor where the system has one, else by a thread.

    Waiting for the end of its output would not do: a grandchild that inherited the pipe keeps it open for ever.
    """
    if not hasattr(os, "pidfd_open"):
        _watch_exit_by_thread(loop, process, exited)
        return
    descriptor = os.pidfd_open(process.pid)

    def reap() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        end_rest(process)  # before it is reaped: until then its number cannot be a stranger's
        exited(process.wait())

    loop.add_reader(descriptor, reap)


def _watch_exit_by_thread(
    loop: asyncio.AbstractEventLoop, process: "subprocess.Popen[bytes]", exited: Callable[[int], None]
) -> None:
    def wait() -> None:
        code = process.wait()
        end_rest(process)
        with contextlib.suppress(RuntimeError):  # the loop ended first; nobody is left to tell
            loop.call_soon_threadsafe(exited, code)

    threading.Thread(target=wait, name=f"wait-{process.pid}", daemon=True).start()
