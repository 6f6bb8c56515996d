"""Responses on a stage: an agent and a voice that do what the test says, when it says it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from tests.doors.realtime.rules import Event, check_responses
from tests.runtime.conftest import until
from vox.config.realtime import RealtimeSettings
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.replying import Reply
from vox.doors.realtime.response_config import ResponseConfig
from vox.doors.realtime.services import Services
from vox.llm.chat import ChatEvent, ChatRequest, Finished, Message, TextDelta, ToolCallDelta, Usage
from vox.runtime.agent.conversation import Conversation
from vox.runtime.requests import Caller, OnRoute, SynthesizeRequest, TranscribeRequest
from vox.types import AudioChunk, Partial, Speech, Transcript

__all__ = ["Job", "ScriptedAgent", "Stage", "Voice", "call", "finished", "settled", "text"]

USER = (Message("user", "Hello?"),)
QUIET = {"acknowledgement": {"enabled": False}}


def text(written: str) -> TextDelta:
    return TextDelta(written)


def call(arguments: str, index: int = 0, name: str = "look", id: str = "") -> ToolCallDelta:
    return ToolCallDelta(index, id or f"call_{index}", name, arguments)


def finished(reason: Any = "stop", usage: Usage | None = None) -> Finished:
    return Finished(reason, usage)


async def settled(rounds: int = 60) -> None:
    """Let everything run until it waits; `anyio.wait_all_tasks_blocked` sleeps a tenth of a second for that.

    Args:
        rounds: Of the event loop; with a few, everything stands somewhere in the middle.
    """
    for _ in range(rounds):
        await asyncio.sleep(0)


class ScriptedAgent:
    """Answers with what is put into it; an error is raised."""

    name = "scripted"

    def __init__(self, *events: ChatEvent | Exception) -> None:
        self.requests = list[ChatRequest]()
        self.taken = self.closed = 0
        self._events = asyncio.Queue[ChatEvent | Exception]()
        self.put(*events)

    def put(self, *events: ChatEvent | Exception) -> None:
        for event in events:
            self._events.put_nowait(event)

    @property
    def open(self) -> int:
        """Answers that nobody has closed."""
        return len(self.requests) - self.closed

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        self.requests.append(request)
        try:
            while True:
                event = await self._events.get()
                self.taken += 1
                if isinstance(event, Exception):
                    raise event
                yield event
                if isinstance(event, Finished):
                    return
        finally:
            self.closed += 1


@dataclass
class Job:
    """One synthesis."""

    request: SynthesizeRequest
    open: bool = True
    sound: asyncio.Queue[bytes | Exception | None] = field(default_factory=asyncio.Queue)
    """Of a voice that is not ready: what it is to give next; None ends it."""


class Voice:
    """Speaks, 10 ms a letter, or as each job is told.

    Args:
        ready: Whether it speaks by itself.
    """

    def __init__(self, *, ready: bool = True, rate: int = 24_000) -> None:
        self.ready, self.rate = ready, rate
        self.jobs = list[Job]()

    @property
    def texts(self) -> list[str]:
        return [job.request.text for job in self.jobs]

    @property
    def open(self) -> list[Job]:
        return [job for job in self.jobs if job.open]

    def tone(self, ms: int) -> bytes:
        return b"\x01\x20" * (self.rate * ms // 1000)

    async def synthesize_stream(
        self, request: SynthesizeRequest, caller: Caller, on_route: OnRoute | None = None
    ) -> AsyncGenerator[AudioChunk | Speech]:
        job = Job(request)
        self.jobs.append(job)
        if self.ready:
            job.sound.put_nowait(self.tone(10 * len(request.text)))
            job.sound.put_nowait(None)
        try:
            while (sound := await job.sound.get()) is not None:
                if isinstance(sound, Exception):
                    raise sound
                yield AudioChunk(sound, self.rate)
            yield Speech("m", "v", "pcm", "audio/pcm", b"", 1.0, 1.0)
        finally:
            job.open = False

    def transcribe_partials(self, request: TranscribeRequest, caller: Caller) -> AsyncGenerator[Partial | Transcript]:
        raise AssertionError("a response recognises nothing")


class Names:
    """No names of OpenAI's but one."""

    def asr(self, name: str | None) -> str | None:
        return name

    async def speaker(self, name: str | None, voice: str | None) -> tuple[str | None, str | None]:
        return ("speaker", "anna") if voice == "alloy" else (name, voice)


class Clock:
    """Seconds that pass only by `+=`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A conversation, its outbox, and replies in it."""

    def __init__(self, *events: ChatEvent | Exception, voice: Voice | None = None, **settings: Any) -> None:
        self.agent, self.voice, self.clock = ScriptedAgent(*events), voice or Voice(), Clock()
        self.outbox, self.conversation = Outbox(), Conversation()
        self.events = list[Event]()
        self.settings = RealtimeSettings.model_validate(QUIET | settings)
        self.services = Services(
            engines=self.voice,
            names=Names(),
            agent=lambda: self.agent,
            settings=lambda: self.settings,
            warm_up=lambda: Warm(),
            clock=self.clock,
        )

    def reply(self, agent: Any = ..., messages: tuple[Message, ...] = USER, **config: Any) -> Reply:
        return Reply(
            self.services,
            replace(ResponseConfig(), **config),
            self.conversation,
            self.outbox,
            self.agent if agent is ... else agent,
            messages,
        )

    async def run(self, agent: Any = ..., messages: tuple[Message, ...] = USER, **config: Any) -> list[Event]:
        """A whole reply's events, which keep the rules."""
        reply = self.reply(agent, messages, **config)
        with anyio.fail_after(10):
            await reply.run()
        return self.take()

    @asynccontextmanager
    async def running(self, reply: Reply) -> Any:
        """While a reply runs; it must be over soon after."""
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(reply.run)
                await settled()
                yield
        assert not reply.active

    async def until(self, what: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        await until(what, 10)

    def seen(self) -> list[Event]:
        """All events so far."""
        while len(self.outbox):
            self.events.append(self.outbox.take())
        return self.events

    def take(self) -> list[Event]:
        """All events, which keep the rules, when no reply runs any more; nothing is held then."""
        events = self.seen()
        check_responses(events)
        assert self.agent.open == 0 and self.voice.open == []
        return events


class Warm:
    """Nothing needs to be loaded."""

    async def wait(self) -> None:
        return
