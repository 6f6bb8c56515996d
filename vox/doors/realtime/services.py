"""What a Realtime session needs of the daemon, each as narrow as can be, so that tests give their own."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from vox.config.realtime import RealtimeSettings
from vox.doors.realtime.aside import Asides
from vox.llm.chat import ChatModel
from vox.runtime.agent.agent import Agent
from vox.runtime.requests import Caller, OnRoute, SynthesizeRequest, TranscribeRequest
from vox.types import AudioChunk, Partial, Speech, Transcript

__all__ = ["Engines", "NameTable", "Services"]


class Engines(Protocol):
    """Ears and mouths; `Runtime` is one."""

    def transcribe_partials(self, request: TranscribeRequest, caller: Caller) -> AsyncGenerator[Partial | Transcript]:
        """As `Runtime.transcribe_partials`."""
        ...

    def synthesize_stream(
        self, request: SynthesizeRequest, caller: Caller, on_route: OnRoute | None = None
    ) -> AsyncGenerator[AudioChunk | Speech]:
        """As `Runtime.synthesize_stream`."""
        ...


class NameTable(Protocol):
    """OpenAI's names for models and voices as ours; `vox.doors.openai.names.Names` is one. None is the default, and a
    name that is not in the table is returned as it came, for the router to find or refuse."""

    def asr(self, name: str | None) -> str | None:
        """The recogniser that a name stands for."""
        ...

    async def speaker(self, name: str | None, voice: str | None) -> tuple[str | None, str | None]:
        """The speech model and the voice that a name and a voice stand for; may ask a provider for its voices."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What is the same for all sessions of a daemon. The callables give what holds now, so that a changed
    configuration is in force for the next session, turn or response."""

    engines: Engines
    names: NameTable
    agent: Callable[[], Agent | None]
    """Who answers; None where no language model is configured."""
    settings: Callable[[], RealtimeSettings]
    warm_up: Callable[[str | None, str | None, str], Awaitable[None]]
    """Loads a recogniser and a speech model for a client, None for the defaults, "" for none; returns when they are
    loaded or cannot be. `partial(vox.doors.realtime.warming.warm_up, runtime)` is one."""
    model: Callable[[], ChatModel | None] = lambda: None
    """The language model in force, which also sums up long conversations."""
    clock: Callable[[], float] = anyio.current_time
    """Seconds; what times are told by."""
    asides: Asides = field(default_factory=Asides)
    """What is said while an answer is thought of, as it was spoken."""
