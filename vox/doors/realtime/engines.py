"""What speaking and hearing take, each as narrow as can be, so that tests give their own."""

from collections.abc import AsyncGenerator
from typing import Protocol

from vox.runtime.requests import Caller, OnRoute, SynthesizeRequest, TranscribeRequest
from vox.types import AudioChunk, Partial, Speech, Transcript

__all__ = ["Engines", "NameTable"]


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
