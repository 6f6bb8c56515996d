"""The near side: a program that stands for a provider which runs on a Ray cluster.

    python -P -m vox.host.cluster.relay -- COMMAND…

How to run it is in the variable `_VOX_RELAY`. It passes the daemon's requests from stdin to the provider and the
provider's answers to stdout; it ends as the provider ends, and the provider ends with it. The audio of a `transcribe`
request travels with it and lies in a private folder of the node until the answer.
"""

import asyncio
import contextlib
import os
import resource
import signal
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, cast

import orjson

from vox.host.cluster.actor import Output, RemoteProcess, Started
from vox.host.cluster.options import VARIABLE, RelayOptions
from vox.host.cluster.pipes import Sink, Source

__all__ = ["main"]

_BATCH = 1 << 20  # bytes of requests kept while a batch is on its way
_PIECE = 4 << 20  # bytes of audio sent at once
_LEAVE_S = 10.0  # for a provider to end after its input has ended; the daemon has less patience

_BRIEF = 160  # characters of an error of Ray

_UNAVAILABLE, _SOFTWARE, _TRY_LATER = 69, 70, 75  # exit statuses as in sysexits.h


class _GoneError(Exception):
    """Nothing can be done any more: what to say, and how to exit."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def main() -> NoReturn:
    """Relay until the provider has ended; exit as it did."""
    options = RelayOptions.from_json(os.environ.pop(VARIABLE))
    argv = sys.argv[sys.argv.index("--") + 1 :]
    output, errors = _take_streams()
    try:
        status = asyncio.run(_run(argv, options, output, errors))
    except _GoneError as gone:
        os.write(errors, f"{gone}\n".encode())
        status = gone.status
    except Exception as error:
        os.write(errors, f"The relay failed: {_brief(error)}\n".encode())
        status = _SOFTWARE
    _exit_as(status)


async def _run(argv: list[str], options: RelayOptions, output: int, errors: int) -> int:
    until = time.monotonic() + options.room_s
    ray = _connect(options, errors)
    actor, started = await _start(ray, argv, options, until)
    relay = _Relay(actor, started, output, errors)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, actor.end.remote, False)
    try:
        return await relay.run()
    except ray.exceptions.RayError as error:
        told = f"Node {started.node} of the Ray cluster is gone, or the actor that held process {started.pid} there."
        raise _GoneError(f"{told} Ray says: {_brief(error)}", _SOFTWARE) from error
    finally:
        ray.kill(actor)


class _Relay:
    def __init__(self, actor: Any, started: Started, output: int, errors: int) -> None:
        self._actor, self._folder = actor, started.folder
        self._changed = asyncio.Event()
        self._requests = Source(0, self._changed, _BATCH)
        self._output, self._errors = Sink(output), Sink(errors)
        self._files: dict[str, str] = {}  # by request: audio that lies on the node
        self._count = 0
        self._unfinished = bytearray()

    async def run(self) -> int:
        """Until the provider has ended; its exit code."""
        answers, requests = asyncio.ensure_future(self._pass_answers()), asyncio.ensure_future(self._pass_requests())
        await asyncio.wait({answers, requests}, return_when=asyncio.FIRST_COMPLETED)
        if not answers.done():
            requests.result()
            await asyncio.wait({answers}, timeout=_LEAVE_S)
        if not answers.done():
            await self._actor.end.remote(True)
        requests.cancel()
        return await answers

    # ---- to the provider

    async def _pass_requests(self) -> None:
        unfinished = bytearray()
        while not self._requests.ended or self._requests.waiting:
            self._changed.clear()
            if not self._requests.waiting:
                await self._changed.wait()
            *lines, rest = (unfinished + self._requests.take()).split(b"\n")
            unfinished = rest
            batch = [await self._ship(bytes(line)) for line in lines]
            if batch and not await self._actor.write.remote(b"\n".join(batch) + b"\n"):
                self._requests.finish()  # it has closed its input: so does the relay, and the daemon sees it
                return
        await self._actor.close_input.remote()

    async def _ship(self, line: bytes) -> bytes:
        """The request as the node can use it: with its audio there, and without a folder that is only here."""
        if b'"transcribe"' not in line and b'"outDir"' not in line:
            return line
        request: Any = orjson.loads(line)
        params: Any = request.get("params")
        if not isinstance(params, dict):
            return line
        given = cast("dict[str, Any]", params)
        given.pop("outDir", None)
        path = given.get("path")
        if request.get("method") == "transcribe" and isinstance(path, str):
            self._count += 1
            name = self._files[str(request.get("id"))] = f"{self._count}.wav"
            given["path"] = f"{self._folder}/{name}"
            await self._send_file(Path(path), name)
        return orjson.dumps(request)

    async def _send_file(self, path: Path, name: str) -> None:
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:  # its call was cancelled meanwhile
            while piece := file.read(_PIECE):
                await self._actor.put.remote(name, piece)

    # ---- from the provider

    async def _pass_answers(self) -> int:
        while True:
            news: Output = await self._actor.read.remote()
            while True:
                if news.errors:
                    await self._errors.write(news.errors)
                if news.output:
                    self._note_answers(news.output)
                    await self._output.write(news.output)
                if news.code is not None:
                    return news.code
                if not news.closed:
                    break
                self._output.close()
                news = await self._actor.wait.remote()

    def _note_answers(self, data: bytes) -> None:
        """Remove the audio of answered requests from the node."""
        if not self._files:
            self._unfinished.clear()
            return
        *lines, rest = (self._unfinished + data).split(b"\n")
        self._unfinished = rest
        for line in lines:
            with contextlib.suppress(orjson.JSONDecodeError):  # noise, or a line that began before the request
                answer: Any = orjson.loads(line)
                number: Any = answer.get("id") if isinstance(answer, dict) else None
                if (name := self._files.pop(str(number), None)) is not None:
                    self._actor.drop.remote(name)


def _take_streams() -> tuple[int, int]:
    """The real stdout and stderr, for the provider alone: what Ray prints would break lines of one and bury the last
    words of the other."""
    output, errors = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return output, errors


def _connect(options: RelayOptions, errors: int) -> Any:
    told = f"The Ray cluster {options.address!r} cannot be reached from here"
    hint = "This machine must be a node of it: ray start --address=…"

    def give_up() -> None:
        os.write(errors, f"{told} within {options.room_s:g} s. {hint}\n".encode())
        os._exit(_UNAVAILABLE)

    # Ray tries for longer than anybody waits, in code of its own that nothing else can interrupt.
    alarm = threading.Timer(options.room_s, give_up)
    alarm.start()
    try:
        ray: Any = import_module("ray")  # large, and not there unless it was asked for
        ray.init(address=options.address, namespace="vox", log_to_driver=False, logging_level="FATAL")
    except ImportError:
        raise _GoneError('Ray is not installed here: pip install "voxhost[ray]"', _UNAVAILABLE) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise _GoneError(f"{told}: {_brief(error)} {hint}", _UNAVAILABLE) from error
    finally:
        alarm.cancel()
    return ray


async def _start(ray: Any, argv: list[str], options: RelayOptions, until: float) -> tuple[Any, Started]:
    remote = ray.remote(RemoteProcess).options(
        num_cpus=options.num_cpus,
        num_gpus=options.num_gpus,
        resources=options.resources,
        max_restarts=0,  # the daemon decides when there is another one, and counts it
        scheduling_strategy="SPREAD",
    )
    actor = remote.remote()
    asked = actor.start.remote(argv, options.environment, options.cwd, sys.executable)
    try:
        started: Started | str = await asyncio.wait_for(asked, until - time.monotonic())
    except TimeoutError:
        raise _GoneError(_no_room(ray, options), _TRY_LATER) from None
    except ray.exceptions.RayError as error:
        told = f"The Ray actor of the provider cannot be started: {_brief(error)}"
        hint = " Every node needs the Python, ray and voxhost of this one." if "ModuleNotFound" in str(error) else ""
        raise _GoneError(told + hint, _UNAVAILABLE) from error
    if isinstance(started, str):
        raise _GoneError(started, _UNAVAILABLE)
    return actor, started


def _no_room(ray: Any, options: RelayOptions) -> str:
    wanted = {"CPU": options.num_cpus, "GPU": options.num_gpus, **options.resources}
    free: dict[str, float] = ray.available_resources()
    asked = ", ".join(f"{name} {amount:g}" for name, amount in wanted.items() if amount)
    there = ", ".join(f"{name} {free.get(name, 0):g}" for name, amount in wanted.items() if amount)
    return (
        f"No node of the Ray cluster has had room for {asked} within {options.room_s:g} s (free in all of it: {there})."
        " Ask for less in its placement, or add a node."
    )


def _brief(error: BaseException) -> str:
    """What an error says, in one line; those of Ray go on for pages, and the point comes last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1][:_BRIEF]}" if lines else type(error).__name__


def _exit_as(status: int) -> NoReturn:
    """End as the provider did, and at once: Ray notices by itself, its own farewell takes seconds."""
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):  # SIGKILL has no other way to be
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
