"""The two ends of a pipe on an event loop: reading up to a bound, and writing as fast as the other side reads."""

import asyncio
import contextlib
import os

__all__ = ["Sink", "Source"]

_READ = 1 << 18


class Source:
    """What comes out of a descriptor, kept until it is taken. The descriptor is closed at its end.

    Args:
        changed: Set when there is something new.
        bound: Bytes kept; past it nothing more is read, and whoever writes has to wait.
    """

    def __init__(self, descriptor: int, changed: asyncio.Event, bound: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor, self._changed, self._bound = descriptor, changed, bound
        self._kept = bytearray()
        self._reading = False
        self.ended = False
        """Nothing more will come."""
        os.set_blocking(descriptor, False)
        self._go_on()

    @property
    def waiting(self) -> bool:
        """Whether there is something to take."""
        return bool(self._kept)

    def take(self) -> bytes:
        """Everything that has come since the last time."""
        taken = bytes(self._kept)
        self._kept.clear()
        if not self.ended:
            self._go_on()
        return taken

    def finish(self) -> None:
        """The writer is gone: take what it left in the pipe, and end."""
        for _ in range(_PIPE_READS):
            if self.ended or not self._read():
                break
        self._end()

    def _go_on(self) -> None:
        if not self._reading:
            self._reading = True
            self._loop.add_reader(self._descriptor, self._readable)

    def _readable(self) -> None:
        self._read()
        if len(self._kept) >= self._bound and not self.ended:
            self._reading = False
            self._loop.remove_reader(self._descriptor)

    def _read(self) -> bool:
        """One read; False when there was nothing."""
        try:
            data = os.read(self._descriptor, _READ)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            self._kept += data
        else:
            self._end()
        self._changed.set()
        return bool(data)

    def _end(self) -> None:
        if not self.ended:
            self.ended = True
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._changed.set()


_PIPE_READS = 1024  # all that fits a pipe, however small each piece


class Sink:
    """What goes into a descriptor, in order."""

    def __init__(self, descriptor: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._turn = asyncio.Lock()
        self.closed = False
        """Whether it was closed, here or by who reads."""
        os.set_blocking(descriptor, False)

    async def write(self, data: bytes) -> bool:
        """Write everything, waiting for who reads; False when there is nobody any more."""
        view = memoryview(data)
        async with self._turn:
            while view and not self.closed:
                try:
                    view = view[os.write(self._descriptor, view) :]
                except BlockingIOError:
                    await self._writable()
                except OSError:
                    self.close()
        return not self.closed

    def close(self) -> None:
        """End of input for who reads. Safe to call twice."""
        if not self.closed:
            self.closed = True
            self._loop.remove_writer(self._descriptor)
            with contextlib.suppress(OSError):
                os.close(self._descriptor)

    async def _writable(self) -> None:
        ready = self._loop.create_future()
        self._loop.add_writer(self._descriptor, lambda: ready.done() or ready.set_result(None))
        try:
            await ready
        finally:
            if not self.closed:
                self._loop.remove_writer(self._descriptor)
