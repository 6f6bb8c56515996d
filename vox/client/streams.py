"""Speech that is read while it is made."""

from binascii import a2b_base64
from collections.abc import Generator
from typing import Any

from vox.client.values import speech_of
from vox.types import AudioChunk, Speech

__all__ = ["SpeechStream"]


class SpeechStream:
    """The chunks of one speech, in order. Leaving before the end cancels the call in the daemon: use it in a `with`
    block, or close it.

    Args:
        events: Of a `synthesize.generate` that was asked for as a stream; their value is its answer.
    """

    def __init__(self, events: Generator[tuple[str, dict[str, Any]], None, dict[str, Any]]) -> None:
        self._events = events
        self.answer: dict[str, Any] = {}
        """The daemon's answer as it came, once all chunks have been read."""

    @property
    def speech(self) -> Speech | None:
        """What was said of the speech at its end, without its audio; None before all chunks have been read."""
        return speech_of({"audioBase64": "", **self.answer}) if self.answer else None

    def __iter__(self) -> "SpeechStream":
        return self

    def __next__(self) -> AudioChunk:
        """The next chunk; waits for it.

        Raises:
            DaemonUnavailable: There is no daemon to ask, or it went away.
            VoxError: As `Client.synthesize`.
        """
        try:
            while True:
                event, data = next(self._events)
                if event == "synthesize.audio":
                    return AudioChunk(a2b_base64(data["audioBase64"]), data["sampleRate"], data["whole"])
        except StopIteration as end:
            self.answer = self.answer or end.value or {}
            raise

    def close(self) -> None:
        """End the call if it still runs. May be called more than once."""
        self._events.close()

    def __enter__(self) -> "SpeechStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
