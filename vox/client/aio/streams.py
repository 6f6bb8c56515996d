"""Speech and text that are read while they are made."""

from binascii import a2b_base64
from typing import Any

from vox.client.aio.follow import Followed
from vox.client.values import partial_of, speech_of, transcript_of
from vox.types import AudioChunk, Partial, Speech, Transcript

__all__ = ["AsyncSpeechStream", "AsyncTextStream"]


class AsyncSpeechStream:
    """The chunks of one speech, in order. Leaving before the end cancels the call: use it in an `async with` block.

    Args:
        events: Of a `synthesize.generate` that was asked for as a stream.
    """

    def __init__(self, events: Followed) -> None:
        self._events = events

    @property
    def answer(self) -> dict[str, Any]:
        """The daemon's answer as it came, once all chunks have been read."""
        return self._events.answer

    @property
    def speech(self) -> Speech | None:
        """What was said of the speech at its end, without its audio; None before all chunks have been read."""
        return speech_of({"audioBase64": "", **self.answer}) if self.answer else None

    def __aiter__(self) -> "AsyncSpeechStream":
        return self

    async def __anext__(self) -> AudioChunk:
        """The next chunk; waits for it.

        Raises:
            DaemonUnavailable: There is no daemon to ask, or it went away.
            VoxError: As `AsyncClient.synthesize`, and `Cancelled` for chunks that are read too slowly.
        """
        while True:
            event, data = await anext(self._events)
            if event == "synthesize.audio":
                return AudioChunk(a2b_base64(data["audioBase64"]), data["sampleRate"], data["whole"])

    async def aclose(self) -> None:
        """End the call if it still runs. May be called more than once."""
        await self._events.aclose()

    async def __aenter__(self) -> "AsyncSpeechStream":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class AsyncTextStream:
    """What has been recognised of a file so far, as often as the model has more of it; many give all at the end only,
    and then there is nothing to iterate over. A slow reader gets the newest. Leaving before the end cancels the call:
    use it in an `async with` block.

    Args:
        events: Of a `transcribe.file` that was asked for partial texts.
    """

    def __init__(self, events: Followed) -> None:
        self._events = events

    @property
    def transcript(self) -> Transcript | None:
        """All that was said, once the iteration is over; None before."""
        return transcript_of(self._events.answer) if self._events.answer else None

    def __aiter__(self) -> "AsyncTextStream":
        return self

    async def __anext__(self) -> Partial:
        """The text so far, when there is more of it.

        Raises:
            DaemonUnavailable: There is no daemon to ask, or it went away.
            VoxError: As `AsyncClient.transcribe`.
        """
        while True:
            event, data = await anext(self._events)
            if event == "transcribe.partial":
                return partial_of(data)

    async def aclose(self) -> None:
        """End the call if it still runs. May be called more than once."""
        await self._events.aclose()

    async def __aenter__(self) -> "AsyncTextStream":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
