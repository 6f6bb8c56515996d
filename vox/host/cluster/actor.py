"""The far side: the provider's process on a node of the cluster, inside a Ray actor.

Bytes go both ways in batches. What the provider writes is kept until it is asked for, up to a bound, past which it has
to wait; what it does not read makes the relay wait. When the actor's own process dies, by whatever means, a small shell
that holds the other end of a pipe ends the provider's process group and removes its files.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, NamedTuple

from vox.errors import VoxError
from vox.host.cluster.pipes import Sink, Source
from vox.host.command import child_environment, resolve_argv
from vox.host.job import end_group, end_rest
from vox.paths import Home

__all__ = ["Output", "RemoteProcess", "Started"]

_OUTPUT_BOUND = 4 << 20  # bytes of answers that wait to be fetched
_STDERR_BOUND = 1 << 20
_EXIT_CODE_GRACE_S = 0.2  # a dying process closes its pipes a moment before it can be reaped

_GUARD = """
exec 3<&0
{ read -r word
  if [ "$word" != done ]; then
    kill -s TERM -- "-$1"; sleep 2; kill -s KILL -- "-$1"
  fi
  rm -rf -- "$2"
} <&3 3<&- >/dev/null 2>&1 &
"""
# In the background of a shell that ends at once: the guard must be no child of the actor, for Ray ends those with it.


class Started(NamedTuple):
    """Where a provider runs."""

    pid: int
    node: str
    folder: str
    """Private to it; what is put there lives no longer than the provider."""


class Output(NamedTuple):
    """What a provider did since it was last asked."""

    output: bytes
    errors: bytes
    closed: bool
    """It has closed its output."""
    code: int | None
    """Its exit code, once it has ended and all it wrote was handed over; a negative one is a signal."""


class RemoteProcess:
    """One provider on this node. The relay makes it an actor and calls its methods through Ray."""

    async def start(self, argv: list[str], environment: dict[str, str], cwd: str, python: str) -> Started | str:
        """Start the provider; a text says why that cannot be done.

        Args:
            argv: Its command. A program equal to `python`, the daemon's interpreter, stands for this node's own.
            environment: Of its entry; with it the provider gets what the allow-list lets through of this node's.
            cwd: Its working folder, if there is one of that name here.
        """
        self._folder = tempfile.mkdtemp(prefix="vox-ray-")
        try:
            process = self._spawn(argv, environment, cwd, python)
        except (VoxError, OSError) as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            return str(error)
        self._process, self._code, self._changed = process, None, asyncio.Event()
        self._guard = _guard(process.pid, self._folder)
        self._input = Sink(_own(process.stdin))
        self._output = Source(_own(process.stdout), self._changed, _OUTPUT_BOUND)
        self._errors = Source(_own(process.stderr), self._changed, _STDERR_BOUND)
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._wait, args=(loop,), name="wait", daemon=True).start()
        return Started(process.pid, os.uname().nodename, self._folder)

    async def write(self, data: bytes) -> bool:
        """Hand the provider its input; False when it has closed it. One call at a time: the order is the caller's."""
        return await self._input.write(data)

    async def close_input(self) -> None:
        """End of input: the polite request to finish."""
        self._input.close()

    async def read(self) -> Output:
        """Wait for something that the provider does."""
        while not (self._output.waiting or self._errors.waiting or self._output.ended or self._code is not None):
            self._changed.clear()
            await self._changed.wait()
        if self._output.ended and self._code is None:
            with contextlib.suppress(TimeoutError):  # as a rule it is ending, and its exit code tells more
                await asyncio.wait_for(self._end_seen(), _EXIT_CODE_GRACE_S)
        return Output(self._output.take(), self._errors.take(), self._output.ended, self._code)

    async def wait(self) -> Output:
        """Wait for the end of a provider that has closed its output."""
        await self._end_seen()
        return await self.read()

    async def put(self, name: str, data: bytes) -> None:
        """Add to a file in the provider's folder."""
        path = os.path.join(self._folder, name)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            file.write(data)

    async def drop(self, name: str) -> None:
        """Remove such a file."""
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self._folder, name))

    async def end(self, force: bool) -> None:
        """Signal the provider and its children: politely, or finally."""
        end_group(self._process, force=force)

    def _spawn(self, argv: list[str], environment: dict[str, str], cwd: str, python: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable if argv[0] == python else argv[0], *argv[1:]]
        home = Home.from_env()  # of this node: the daemon's folders mean nothing here
        full = child_environment({"VOX_CACHE": str(home.cache), "VOX_MODELS": str(home.models), **environment})
        there = Path(cwd) if Path(cwd).is_dir() else Path(self._folder)
        pipe = subprocess.PIPE
        options: dict[str, Any] = {"env": full, "cwd": there, "bufsize": 0, "start_new_session": True}
        options |= {"stdin": pipe, "stdout": pipe, "stderr": pipe}
        process: Any = subprocess.Popen(resolve_argv(command, full, there), **options)
        return process

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        code = self._process.wait()
        end_rest(self._process)
        with contextlib.suppress(RuntimeError):  # the loop ended first; nobody is left to tell
            loop.call_soon_threadsafe(self._exited, code)

    async def _end_seen(self) -> None:
        while self._code is None:
            self._changed.clear()
            await self._changed.wait()

    def _exited(self, code: int) -> None:
        self._output.finish()
        self._errors.finish()
        self._input.close()
        self._code = code
        self._changed.set()
        assert self._guard.stdin is not None
        with contextlib.suppress(OSError):
            self._guard.stdin.write(b"done\n")
            self._guard.stdin.close()


def _own(file: Any) -> int:
    """A descriptor that is ours to close, whatever becomes of the file object around it."""
    descriptor = os.dup(file.fileno())
    file.close()
    return descriptor


def _guard(group: int, folder: str) -> "subprocess.Popen[bytes]":
    """Start what ends the group and removes the folder when this process is gone."""
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "sh", str(group), folder],
        stdin=subprocess.PIPE,
        start_new_session=True,
        bufsize=0,
        env={"PATH": os.defpath},
    )
    guard.wait()
    return guard
