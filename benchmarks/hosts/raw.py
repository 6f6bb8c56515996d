"""The limits: nothing but two pipes and a child. The request is made once, the answer is looked at only for its end.

`RawPipe` blocks, which is the least any program can pay. `LoopPipe` is the same on an event loop's own descriptors,
which is the least a program can pay that does other things meanwhile.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

from benchmarks.hosts.base import MODEL, PATH, Host

__all__ = ["LoopPipe", "RawPipe"]

_SET_PIPE_SIZE = 1031  # Linux's F_SETPIPE_SZ
_PIPE_SIZE = 1 << 20  # what the host asks for too, so that the limit is the limit of the same pipe
_ROOM = 32 << 20  # the longest line measured is 14 MiB


class RawPipe(Host):
    """Blocking reads and writes."""

    async def open(self, command: Sequence[str]) -> None:
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)  # noqa: ASYNC220
        assert self._child.stdin and self._child.stdout
        self._input, self._output = self._child.stdin.fileno(), self._child.stdout.fileno()
        _widen(self._output)
        self._buffer = memoryview(bytearray(_ROOM))

    async def small(self) -> str:
        line = self._ask(_small_request())
        return json.loads(bytes(line))["result"]["text"]

    async def bare(self) -> None:
        """One small call whose answer is not read: what the others are compared with."""
        self._ask(_small_request())

    async def large(self, size: int) -> memoryview:
        return self._ask(_large_request(size))

    async def many(self, calls: int, in_flight: int) -> None:
        request = _small_request()
        sent = in_flight
        os.write(self._input, request * sent)
        done = 0
        while done < calls:
            count = os.readv(self._output, [self._buffer])
            ended = bytes(self._buffer[:count]).count(b"\n")
            done += ended
            more = min(ended, calls - sent)
            if more > 0:
                os.write(self._input, request * more)
                sent += more

    async def close(self) -> None:
        assert self._child.stdin and self._child.stdout
        self._child.stdin.close()
        self._child.wait(5)
        self._child.stdout.close()

    def _ask(self, request: bytes) -> memoryview:
        os.write(self._input, request)
        buffer, output, size = self._buffer, self._output, 0
        while True:
            count = os.readv(output, [buffer[size:]])
            if not count:
                raise EOFError("the child ended")
            size += count
            if buffer[size - 1] == 10:
                return buffer[:size]


class LoopPipe(RawPipe):
    """The same, woken by the running event loop."""

    async def open(self, command: Sequence[str]) -> None:
        await super().open(command)
        self._loop = asyncio.get_running_loop()
        self._size = 0
        self._answer: asyncio.Future[memoryview] = self._loop.create_future()
        os.set_blocking(self._output, False)
        self._loop.add_reader(self._output, self._readable)

    async def small(self) -> str:
        line = await self._ask_later(_small_request())
        return json.loads(bytes(line))["result"]["text"]

    async def bare(self) -> None:
        await self._ask_later(_small_request())

    async def large(self, size: int) -> memoryview:
        return await self._ask_later(_large_request(size))

    async def close(self) -> None:
        self._loop.remove_reader(self._output)
        await super().close()

    def _ask_later(self, request: bytes) -> "asyncio.Future[memoryview]":
        self._size = 0
        self._answer = self._loop.create_future()
        os.write(self._input, request)
        return self._answer

    def _readable(self) -> None:
        count = os.readv(self._output, [self._buffer[self._size :]])
        self._size += count
        if not count or self._buffer[self._size - 1] == 10:
            self._answer.set_result(self._buffer[: self._size])


@cache
def _small_request() -> bytes:
    return _request("transcribe", {"modelId": MODEL, "path": PATH})


@cache
def _large_request(size: int) -> bytes:
    return _request("synthesize", {"modelId": MODEL, "input": str(size), "format": "wav"})


def _request(method: str, params: dict[str, str]) -> bytes:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return json.dumps(message, separators=(",", ":")).encode("utf-8") + b"\n"


def _widen(descriptor: int) -> None:
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):  # the user's quota for large pipes is used up
            fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _PIPE_SIZE)
