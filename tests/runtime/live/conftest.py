"""Sessions over a microphone with a clock and a recogniser that obeys."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import anyio
import numpy as np
from numpy.typing import NDArray

from tests.runtime.conftest import until
from vox.audio.utterance import Utterance
from vox.config import Settings
from vox.runtime.events import Events
from vox.runtime.live.device import Device
from vox.runtime.live.pieces import RATE
from vox.runtime.live.sessions import LiveSessions
from vox.runtime.live.told import Asker, Final, LiveRequest, StateChanged, Told
from vox.runtime.requests import Caller, TranscribeRequest
from vox.testing import FakeMicrophone
from vox.types import Transcript, Word

T = TypeVar("T")

ME = Asker("connection-1", "me", program=True)
YOU = Asker("connection-2", "you", program=True)


def spoken(*seconds: float, pause_s: float = 1.0) -> NDArray[np.int16]:
    """Sounds of these lengths with pauses between them."""
    parts: list[NDArray[np.int16]] = []
    for length in seconds:
        parts += [np.full(round(length * RATE), 8000, np.int16), np.zeros(round(pause_s * RATE), np.int16)]
    return np.concatenate(parts)


class LoudCutter:
    """Cuts at every change from sound to silence: what the real one does to recordings without noise."""

    def __init__(self) -> None:
        self._samples: NDArray[np.int16] = np.empty(0, np.int16)
        self._done = 0

    def feed(self, samples: NDArray[np.int16]) -> Iterable[Utterance]:
        self._samples = np.concatenate([self._samples, samples])
        loud = np.flatnonzero(self._samples[self._done :]) + self._done
        ends = loud[np.flatnonzero(np.diff(loud) > 1)]
        if len(loud) and loud[-1] + 1 < len(self._samples):
            ends = np.append(ends, loud[-1])
        for end in ends:
            yield self._cut(int(end) + 1)

    @property
    def speaks(self) -> bool:
        return bool(np.any(self._samples[self._done :]))

    def going_on(self) -> Utterance | None:
        rest = self._samples[self._done :]
        loud = np.flatnonzero(rest)
        return Utterance(self._done + int(loud[0]), rest[loud[0] :].tobytes()) if len(loud) else None

    def end(self) -> Iterable[Utterance]:
        if np.any(self._samples[self._done :]):
            yield self._cut(len(self._samples))

    def _cut(self, end: int) -> Utterance:
        start = self._done + int(np.flatnonzero(self._samples[self._done : end])[0])
        self._done = end
        return Utterance(start, self._samples[start:end].tobytes())


class Recogniser:
    """Says of a piece how long it is; or what it is told to."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        """Raised by the next calls, one each."""
        self.gate = asyncio.Event()
        self.gate.set()
        self.warmed: list[str | None] = []
        self.warm_error: Exception | None = None
        self.requests: list[TranscribeRequest] = []
        self.languages: list[str | None] = []
        self.with_words = True
        self.finds_speech = True

    async def transcribe(self, request: TranscribeRequest, caller: Caller, into: Any) -> Transcript:
        assert isinstance(request.source, bytes) and caller.method == "transcribe.live"
        self.requests.append(request)
        await self.gate.wait()
        if self.failures:
            error = self.failures.pop(0)
            into.record({"outcome": "error", "totalMs": 2.0, "queueMs": 2.0})
            raise error
        seconds = (len(request.source) - 44) / 2 / RATE
        if not self.finds_speech:
            return Transcript("ear:1", "", 12.0, seconds)
        row = {"modelId": "ear:1", "providerId": "ear", "generation": 1, "replica": 0, "outcome": "ok"}
        metrics = {"inferenceMs": 10.0, "totalMs": 11.0, "wasPreloaded": 1}
        into.record(row | {"providerMs": 10.0, "totalMs": 12.0, "inputBytes": 100, "metrics": metrics})
        text = f"{seconds:g} seconds"
        words = (Word(f"{seconds:g}", 0.0, 0.1), Word("seconds", 0.1, 0.4)) if self.with_words else None
        return Transcript("ear:1", text, 12.0, seconds, metrics, words, language="en")

    async def warm_ahead(self, model: str | None, client: str) -> str | None:
        assert client
        self.warmed.append(model)
        if self.warm_error is not None:
            raise self.warm_error
        return "ear:1"


@dataclass
class Row:
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def record(self, row: dict[str, Any]) -> None:
        self.rows.append(row)


class Stage:
    """Live sessions and everything around them."""

    def __init__(self, microphone: FakeMicrophone, **settings: Any) -> None:
        self.microphone, self.recogniser, self.events, self.rows = microphone, Recogniser(), Events(), Row()
        self.kept: list[tuple[Transcript, str]] = []
        self.settings = Settings.model_validate(settings)
        self.live = LiveSessions(self.recogniser, lambda: self.settings, self.events, self.rows, self._keep)
        self.live.device = Device(microphone.open)
        self.live.cutter = LoudCutter
        self.told: list[Told] = []

    def _keep(self, transcript: Transcript, _: Caller, session: str) -> str | None:
        self.kept.append((transcript, session))
        return "record-1"

    def tell(self, _: str, event: Told) -> None:
        self.told.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.told if isinstance(event, StateChanged)]

    @property
    def reasons(self) -> list[str | None]:
        return [event.reason for event in self.told if isinstance(event, StateChanged)]

    async def reaches(self, state: str) -> None:
        await until(lambda: state in self.states)


class Run(Generic[T]):
    """Something under way."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.result: T | None = None
        self.error: Exception | None = None
        self.done = asyncio.Event()

    async def run(self, work: Awaitable[T]) -> None:
        try:
            with self.scope:
                self.result = await work
        except Exception as error:
            self.error = error
        self.done.set()

    async def end(self) -> T:
        with anyio.fail_after(8):
            await self.done.wait()
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result


@asynccontextmanager
async def under_way(work: Coroutine[Any, Any, T]) -> AsyncGenerator[Run[T]]:
    """Something that runs meanwhile; ended with the context."""
    run = Run[T]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run.run, work)
        yield run
        run.scope.cancel()


def begun(
    stage: Stage, request: LiveRequest | None = None, asker: Asker = ME
) -> AbstractAsyncContextManager[Run[tuple[str, Final | None]]]:
    """A session that was begun."""
    return under_way(stage.live.run(request or LiveRequest(), asker, stage.tell))


def text_of(result: tuple[str, Final | None]) -> str:
    return final_of(result).transcript.text


def final_of(result: tuple[str, Final | None]) -> Final:
    assert result[1] is not None
    return result[1]
