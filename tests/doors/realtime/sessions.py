"""A session without a socket: a test feeds client events and reads what comes out, while ears, voice and agent do as it
says. Sound is real, as turns are found by the detector that comes with Vox."""

import asyncio
import wave
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np

from tests.doors.realtime.replies import Clock, Names, ScriptedAgent, Voice
from tests.doors.realtime.rules import Event, check_responses, of_type
from tests.runtime.conftest import until
from vox.audio.pcm import Pcm, to_int16
from vox.audio.resample import resample
from vox.config.realtime import RealtimeSettings
from vox.doors.realtime.config import SessionConfig
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.services import Services
from vox.doors.realtime.session import Session
from vox.doors.realtime.wire import EventError, read_event
from vox.llm.chat import ChatEvent, ChatModel
from vox.runtime.requests import Caller, TranscribeRequest
from vox.types import Partial, Transcript

__all__ = [
    "CANCEL",
    "CLEAR",
    "COMMIT",
    "CREATE",
    "MANUAL",
    "SPEECH",
    "TRANSCRIBED",
    "TURN",
    "Ears",
    "Stage",
    "append",
    "clip",
    "error",
    "item",
    "silence",
    "turns",
    "types",
]

AUDIO = Path(__file__).parents[3] / "docs" / "audio"
QUIET = {"acknowledgement": {"enabled": False}}
CALLER = Caller("tester", "realtime")
_QUIET = 50  # turns of the loop in which nothing comes: far more than any step of a session takes


def clip(name: str = "jfk.wav", start_s: float = 0.0, end_s: float | None = None, rate: int = 24_000) -> bytes:
    """A piece of a recording as 16-bit PCM."""
    with wave.open(str(AUDIO / name), "rb") as file:
        given = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    cut = samples[round(start_s * given) : None if end_s is None else round(end_s * given)]
    return to_int16(resample(Pcm.from_int16(cut, given).samples, given, rate)).tobytes()


def silence(seconds: float, rate: int = 24_000) -> bytes:
    return bytes(2 * round(seconds * rate))


def append(sound: bytes) -> Event:
    return {"type": "input_audio_buffer.append", "audio": b64encode(sound).decode("ascii")}


def turns(**detection: Any) -> Event:
    return {"type": "session.update", "session": {"audio": {"input": {"turn_detection": detection}}}}


def item(role: str = "user", kind: str = "input_text", said: str = "hello", **fields: Any) -> Event:
    made = {"type": "message", "role": role, "content": [{"type": kind, "text": said}], **fields}
    return {"type": "conversation.item.create", "item": made}


def types(events: list[Event]) -> list[str]:
    return [event["type"] for event in events]


def error(events: list[Event]) -> Event:
    """The one event of these, which is an error."""
    assert types(events) == ["error"]
    assert set(events[0]["error"]) == {"type", "code", "message", "param", "event_id"}
    return events[0]["error"]


SPEECH = clip(end_s=2.2)
"""And so my fellow Americans, a turn by itself."""
COMMIT, CLEAR = {"type": "input_audio_buffer.commit"}, {"type": "input_audio_buffer.clear"}
CREATE, CANCEL = {"type": "response.create"}, {"type": "response.cancel"}
MANUAL = {"audio": {"input": {"turn_detection": None}}}
TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]
TRANSCRIBED = [
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
]


@dataclass
class Ears:
    """Recognises what it is told, one text a turn and then nothing; an error is raised, an event waited for."""

    heard: list[str | Exception | Partial | asyncio.Event] = field(default_factory=list)
    requests: list[TranscribeRequest] = field(default_factory=list)
    open: int = 0
    """Recognitions that run."""

    async def transcribe_partials(
        self, request: TranscribeRequest, caller: Caller
    ) -> AsyncGenerator[Partial | Transcript]:
        assert caller.priority == "interactive"
        self.requests.append(request)
        self.open += 1
        try:
            while True:
                heard = self.heard.pop(0) if self.heard else ""
                if isinstance(heard, Exception):
                    raise heard
                if isinstance(heard, asyncio.Event):
                    await heard.wait()
                elif isinstance(heard, Partial):
                    yield heard
                else:
                    yield Transcript("ears", heard, 1.0, 1.0)
                    return
        finally:
            self.open -= 1


class Engines:
    """Ears and a voice."""

    def __init__(self, ears: Ears, voice: Voice) -> None:
        self.transcribe_partials, self.synthesize_stream = ears.transcribe_partials, voice.synthesize_stream


class Stage:
    """One session and what it needs.

    Args:
        events: What the agent says.
        heard: What the ears hear.
        agent: None for no language model.
        model: Sums up what was said long ago.
        engines: Other ears and another voice.
        warm_up: Loads models, in the place of noting which.
    """

    def __init__(
        self,
        *events: ChatEvent | Exception,
        heard: list[Any] | None = None,
        agent: Any = ...,
        type: Any = "realtime",
        voice: Voice | None = None,
        model: ChatModel | None = None,
        engines: Any = None,
        warm_up: Callable[[str | None, str | None, str], Awaitable[None]] | None = None,
        **settings: Any,
    ) -> None:
        self.ears, self.voice, self.clock = Ears(list(heard or [])), voice or Voice(), Clock()
        self.agent = ScriptedAgent(*events)
        self.outbox, self.events = Outbox(), list[Event]()
        self._gone = anyio.Event()
        self.warmed = list[tuple[str | None, str | None, str]]()
        chosen = self.agent if agent is ... else agent
        self.settings = RealtimeSettings.model_validate(QUIET | settings)
        self.services = Services(
            engines=engines or Engines(self.ears, self.voice),
            names=Names(),
            agent=lambda: chosen,
            settings=lambda: self.settings,
            warm_up=warm_up or self._warm_up,
            model=lambda: model,
            clock=self.clock,
        )
        self.session = Session(self.services, SessionConfig.start(self.settings, type), self.outbox, CALLER)
        self._send, self._receive = anyio.create_memory_object_stream[Event | EventError](float("inf"))

    async def _warm_up(self, asr: str | None, tts: str | None, client: str) -> None:
        self.warmed.append((asr, tts, client))

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Stage"]:
        """While the session runs; at the end the client leaves, and nothing may be left."""
        with anyio.fail_after(20):
            async with self._receive, anyio.create_task_group() as tasks, self._send:
                tasks.start_soon(self.run)
                await self.until(lambda: of_type(self.seen(), "session.created") != [])
                yield self
                await self._send.aclose()
        assert self.outbox.closed and self.ears.open == 0 and self.agent.open == 0 and self.voice.open == []
        self._check()

    def _check(self) -> None:
        """What must hold of every session, whatever happened in it."""
        events = self.seen()
        assert events[0]["type"] == "session.created"
        assert len({event["event_id"] for event in events}) == len(events)
        check_responses([event for event in events if _is_of_response(event)])
        ids = [event["item"]["id"] for event in self.told("conversation.item.added")]
        assert len(set(ids)) == len(ids)
        ends = [event["item"]["id"] for event in self.told("conversation.item.done")]
        assert sorted(ids) == sorted(ends)
        spans = [
            (event["audio_start_ms"], event["item_id"]) for event in self.told("input_audio_buffer.speech_started")
        ]
        assert spans == sorted(spans)

    async def run(self) -> None:
        """The session alone."""
        await self.session.run(self._receive, self._gone)

    def leave(self) -> None:
        """The client is gone."""
        self._gone.set()
        self._send.close()
        self._receive.close()

    def put(self, event: Event | EventError | str) -> None:
        """Feed an event."""
        self._send.send_nowait(read_event(event) if isinstance(event, str) else event)

    async def send(self, *events: Event | EventError | str) -> list[Event]:
        """Feed events, and give what comes of them until nothing more happens by itself."""
        before = len(self.seen())
        for event in events:
            self.put(event)
            await self.settled()
        return self.seen()[before:]

    async def say(self, *sounds: bytes, step_s: float = 0.1, rate: int = 24_000) -> list[Event]:
        """Append sound as a microphone does."""
        before = len(self.seen())
        sound, step = b"".join(sounds), 2 * round(step_s * rate)
        for start in range(0, len(sound), step):
            self.put(append(sound[start : start + step]))
        await self.settled()
        return self.seen()[before:]

    async def settled(self) -> None:
        """Wait until nothing more happens by itself."""
        quiet, before = 0, (-1, -1)
        while quiet < _QUIET:
            await anyio.lowlevel.checkpoint()
            now = (self._receive.statistics().current_buffer_used, len(self.outbox))
            quiet, before = (quiet + 1 if now == before and not now[0] else 0), now

    async def until(self, what: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        await until(what, 10)

    async def until_told(self, kind: str, count: int = 1) -> Event:
        """The latest event of a type, once there are so many."""
        await self.until(lambda: len(of_type(self.seen(), kind)) >= count)
        return of_type(self.seen(), kind)[-1]

    def seen(self) -> list[Event]:
        """All events so far."""
        while len(self.outbox):
            self.events.append(self.outbox.take())
        return self.events

    def told(self, *kinds: str) -> list[Event]:
        return of_type(self.seen(), *kinds)

    def types(self) -> list[str]:
        return [event["type"] for event in self.seen()]

    def update(self, **session: Any) -> Event:
        return {"type": "session.update", "session": {"type": "realtime", **session}}

    def replace_config(self, **changes: Any) -> None:
        """Begin with another configuration."""
        self.session.config = replace(self.session.config, **changes)


def _is_of_response(event: Event) -> bool:
    item = event.get("item", {"role": "user"})
    return event["type"].startswith("response.") or item.get("role") != "user"
