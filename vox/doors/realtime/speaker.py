"""The voice that a client has chosen, for the pieces of one response."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from vox.doors.realtime.engines import Engines, NameTable
from vox.runtime.requests import Caller, SynthesizeRequest
from vox.types import AudioChunk, Speech

__all__ = ["Speaker"]

_DEFAULT = "default"  # what a session calls the voice that nobody chose


class Speaker:
    """Speaks texts.

    Args:
        voice: As the client named it, perhaps by one of OpenAI's names.
        speed: 1 is the voice's own.
    """

    def __init__(self, engines: Engines, names: NameTable, voice: str, speed: float, caller: Caller) -> None:
        self.key = (voice, speed)
        """What tells it apart from others."""
        self._engines, self._names, self._caller = engines, names, caller
        self._voice = None if voice == _DEFAULT else voice
        self._speed = None if speed == 1 else speed
        self._found: tuple[str | None, str | None] | None = None

    async def speak(self, text: str) -> AsyncGenerator[AudioChunk | Speech]:
        """As `Runtime.synthesize_stream`; closing it cancels the synthesis.

        Raises:
            VoxError: As there.
        """
        if self._found is None:
            self._found = await self._names.speaker(None, self._voice)
        model, voice = self._found
        request = SynthesizeRequest(text, model=model, voice=voice, speed=self._speed)
        async with aclosing(self._engines.synthesize_stream(request, self._caller)) as stream:
            async for part in stream:
                yield part
