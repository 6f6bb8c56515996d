"""Vox: the runtime's own path from a routed request to a validated result, without a door in front of it.

A small call passes the queue and takes a permit, has a deadline, is validated and leaves a line in performance.jsonl,
exactly as `Runtime.transcribe` does it; only decoding a sound file, which is no matter of the host, is left out. A
large call is `Runtime.synthesize` whole.
"""

import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import anyio

from benchmarks.hosts.base import MODEL, PATH, Host
from vox.config import Configuration, ProviderEntry
from vox.config.settings import Settings
from vox.daemon.providers import make_supervisor
from vox.host.job import make_watcher
from vox.log import configure
from vox.paths import Home
from vox.protocol.provider import TranscribeResult, read_transcript
from vox.runtime.account import Account
from vox.runtime.execution import Executor
from vox.runtime.registry import Registry
from vox.runtime.requests import Caller, SynthesizeRequest
from vox.runtime.routing import Router
from vox.runtime.runtime import Runtime
from vox.runtime.telemetry import Recorder

__all__ = ["Vox"]

_CALLER = Caller("bench", "bench")
_SECONDS = 1.0  # of audio the small call is said to stand for
_QUEUE = {"max": 4096}  # one measurement keeps a thousand callers waiting


class Vox(Host):
    """The runtime over one provider that recognises and one that speaks."""

    async def open(self, command: Sequence[str]) -> None:
        configure(None, console=False)  # events of the start belong to a daemon's log, which there is none of
        self._stack = AsyncExitStack()
        home = Home(Path(self._stack.enter_context(tempfile.TemporaryDirectory())))
        home.ensure()
        self._log = home.performance_jsonl
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        watcher = make_watcher()
        self._stack.callback(watcher.close)
        entries = tuple(
            ProviderEntry.model_validate(
                {"id": "bench", "kind": kind, "command": list(command), "models": [MODEL], "queue": _QUEUE}
            )
            for kind in ("asr", "tts")
        )
        configuration = Configuration(entries, Settings())
        self._registry = Registry(
            configuration, lambda entry: make_supervisor(entry, configuration, home, {}, self._tasks, watcher)
        )
        self._recorder = Recorder(home.performance_jsonl)
        self._tasks.start_soon(self._recorder.run)
        self._runtime = Runtime(home, configuration, self._registry, self._recorder, self._tasks)
        self._router, self._executor = Router(self._registry, configuration.settings), Executor(self._tasks)
        for provider in self._registry.providers:
            await provider.ready()

    async def small(self) -> str:
        with Account("asr", _CALLER, self._recorder) as account:
            route = await self._router.resolve(MODEL, "asr", watch=account)
            account.routed(route)
            result: TranscribeResult = await self._executor.call(
                route.provider,
                "transcribe",
                {"modelId": MODEL, "path": PATH},
                read_transcript,
                caller=_CALLER,
                timeout_s=route.provider.entry.timeouts.transcribe_s(_SECONDS),
                cost=_SECONDS,
                account=account,
            )
            account.settle(result.metrics, _SECONDS)
            account.note(textLength=len(result.text))
            return result.text

    async def unmanaged(self) -> str:
        """The small call on the process itself: with its deadline and its validated result, but no route, no permit
        and no measurement."""
        result: TranscribeResult = await self._registry.providers[0].supervisor.call(
            "transcribe", {"modelId": MODEL, "path": PATH}, read_transcript, timeout_s=60
        )
        return result.text

    async def large(self, size: int) -> bytes:
        speech = await self._runtime.synthesize(SynthesizeRequest(str(size), model=MODEL), _CALLER)
        return speech.audio

    def rows(self) -> int:
        """Lines of performance.jsonl so far: that the calls were recorded is part of what is measured."""
        self._recorder.flush()
        return sum(file.read_bytes().count(b"\n") for file in self._log.parent.glob(self._log.name + "*"))

    async def close(self) -> None:
        await self._registry.stop()
        self._tasks.cancel_scope.cancel()
        await self._stack.aclose()
