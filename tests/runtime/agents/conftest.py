"""A loudspeaker that obeys, speech without an engine, and agents over a microphone with a clock."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import orjson

from tests.runtime.conftest import Clock
from tests.runtime.live.conftest import LoudCutter, Recogniser, Row
from vox.audio.playback import NoDeviceError
from vox.config import Settings
from vox.config.openvip import OpenVipSettings
from vox.runtime.agents.agents import Agents
from vox.runtime.agents.dictation import Dictation
from vox.runtime.agents.ears import Ears
from vox.runtime.agents.mailbox import Mailbox
from vox.runtime.agents.message import Transcription
from vox.runtime.agents.voicebox import Voicebox
from vox.runtime.deafness import Deafness
from vox.runtime.events import Events
from vox.runtime.live.device import Device
from vox.runtime.live.sessions import LiveSessions
from vox.runtime.requests import Caller, OnRoute, SynthesizeRequest, TranscribeRequest
from vox.testing import FakeMicrophone
from vox.types import AudioChunk, Speech, Transcript

RATE = 16_000


class Loudspeaker:
    """A device that plays as fast as it is let."""

    def __init__(self) -> None:
        self.may_play = threading.Event()
        self.may_play.set()
        self.missing = ""
        """Why it cannot be opened."""
        self.fails_after: int | None = None
        """Blocks until it fails."""
        self.played = b""
        self.log: list[str] = []

    def open(self, rate: int, channels: int) -> "Loudspeaker":
        if self.missing:
            raise NoDeviceError(self.missing)
        assert channels == 1
        self.log.append(f"open {rate}")
        return self

    def write(self, data: bytes) -> None:
        self.may_play.wait(20)
        if self.fails_after is not None:
            self.fails_after -= 1
            if self.fails_after < 0:
                raise OSError("unplugged")
        self.played += data

    def stop(self) -> None:
        self.log.append("stop")

    def abort(self) -> None:
        self.log.append("abort")

    def close(self) -> None:
        self.log.append("close")


class Speaking:
    """Speech of a tenth of a second for each character, made when it is let; one byte tells which text it is."""

    def __init__(self) -> None:
        self.requests: list[SynthesizeRequest] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures: dict[str, Exception] = {}
        """Text, voice or model → why it cannot be spoken."""
        self.pieces = 1
        self.closed: list[str] = []
        self.rate = RATE

    async def __call__(self, request: SynthesizeRequest, on_route: OnRoute) -> AsyncGenerator[AudioChunk | Speech]:
        self.requests.append(request)
        for key in (request.text, request.voice or "", request.model or ""):
            if key in self.failures:
                raise self.failures[key]
        model, voice = request.model or "mouth:1", request.voice or "one"
        on_route(model, voice)
        try:
            for _ in range(self.pieces):
                await self.gate.wait()
                yield AudioChunk(pcm_of(request.text, self.rate), self.rate)
            duration_s = self.pieces * len(request.text) / 10
            yield Speech(model, voice, "pcm", "audio/pcm", b"", 1.0, duration_s)
        finally:
            self.closed.append(request.text)

    @property
    def texts(self) -> list[str]:
        return [request.text for request in self.requests]


def pcm_of(text: str, rate: int = RATE) -> bytes:
    return text[:1].encode() * (len(text) * rate // 10 * 2)


def texts_in(pcm: bytes) -> str:
    """Which texts were heard, a character each."""
    heard = pcm.decode()
    return "".join(letter for index, letter in enumerate(heard) if index == 0 or heard[index - 1] != letter)


@dataclass
class Box:
    """A voicebox that runs."""

    loudspeaker: Loudspeaker
    speaking: Speaking
    clock: Clock
    voicebox: Voicebox
    sounds: list[bool] = field(default_factory=list[bool])
    """Each change."""
    kept: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@asynccontextmanager
async def boxed() -> AsyncGenerator[Box]:
    loudspeaker, speaking, clock = Loudspeaker(), Speaking(), Clock()
    voicebox = Voicebox(speaking, lambda: changed(), lambda *_: None, loudspeaker.open, clock)
    box = Box(loudspeaker, speaking, clock, voicebox)

    def changed() -> None:
        if not box.sounds or box.sounds[-1] != voicebox.sounds:
            box.sounds.append(voicebox.sounds)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(voicebox.run)
        try:
            yield box
        finally:
            loudspeaker.may_play.set()
            tasks.cancel_scope.cancel()


def encoded(message: Transcription) -> bytes:
    return orjson.dumps({"text": message.text, "partial": message.partial, "ops": list(message.ops)})


def read(mailbox: Mailbox) -> list[Any]:
    """What waits for an agent."""
    found: list[Any] = []
    while (data := mailbox.pull()) is not None:
        found.append(orjson.loads(data))
    return found


def words_of(mailbox: Mailbox) -> list[str]:
    return [message["text"] for message in read(mailbox)]


class Said(Recogniser):
    """Recognises what it is told to, in this order, and then lengths."""

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self.texts = list(texts)
        self.language: str | None = "en"

    async def transcribe(self, request: TranscribeRequest, caller: Caller, into: Any) -> Transcript:
        heard = await super().transcribe(request, caller, into)
        text = self.texts.pop(0) if self.texts else heard.text
        return replace(heard, text=text, language=self.language, confidence=0.75)


class Studio:
    """Ears and everything around them, over a microphone that hears a recording."""

    def __init__(self, microphone: FakeMicrophone, *texts: str, **settings: Any) -> None:
        self.microphone, self.recogniser, self.rows, self.clock = microphone, Said(*texts), Row(), Clock()
        self.settings = OpenVipSettings.model_validate(settings)
        self.live = LiveSessions(
            self.recogniser, Settings, Events(), self.rows, lambda *_: "a session of agents keeps nothing by itself"
        )
        self.live.device = Device(microphone.open)
        self.live.cutter = LoudCutter
        self.agents = Agents(clock=self.clock)
        self.loudspeaker, self.speaking = Loudspeaker(), Speaking()
        self.voicebox = Voicebox(self.speaking, self._changed, lambda *_: None, self.loudspeaker.open, self.clock)
        self.announced: list[str] = []
        self.dictation = Dictation(self.agents, encoded, lambda: self.settings, self._changed, self.announced.append)
        self.heard: list[tuple[str, str | None]] = []
        self.states: list[str] = []
        """Each change of it."""
        self.deafness = Deafness(self.clock)
        self.ears = Ears(
            self.live,
            self.agents,
            self.dictation,
            self.voicebox,
            self.deafness,
            self._take,
            lambda: self.settings,
            self._changed,
        )

    def _take(self, transcript: Transcript, target: str | None, session: str | None) -> None:
        assert session
        self.heard.append((transcript.text, target))
        self.dictation.take(transcript, target)

    def _changed(self) -> None:
        state = self.ears.state if hasattr(self, "ears") else "off"
        if not self.states or self.states[-1] != state:
            self.states.append(state)


@asynccontextmanager
async def listening(studio: Studio) -> AsyncGenerator[Studio]:
    """The studio at work."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(studio.ears.run)
        tasks.start_soon(studio.voicebox.run)
        yield studio
        tasks.cancel_scope.cancel()
