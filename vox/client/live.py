"""A live session: the microphone of the daemon's machine, read as text while somebody speaks."""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from vox.client.values import transcript_of
from vox.types import Transcript

__all__ = ["LiveEvent", "LiveSession"]

_Ask = Callable[[str, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that happens in a session."""

    name: str
    """`state`, `partial`, `utterance`, `level`, `device`, `warning` or `final`."""
    data: dict[str, Any]
    """As it came; see the reference of the client RPC."""

    @property
    def text(self) -> str:
        """Of a partial or the final text all that was said so far, of an utterance what was said in it; else empty."""
        return str(self.data.get("text", ""))


class LiveSession:
    """The events of one session, in order. When this is made, the microphone records.

    The session ends with `stop`, `cancel`, or at its longest; leaving before the end cancels it: use it in a `with`
    block, or close it.

    Args:
        events: Of a `transcribe.startSession`; their value is its answer.
        ask: Makes another call, on a connection of its own.

    Raises:
        LiveSessionBusy: Another session has the microphone.
        MicrophoneUnavailable: There is none.
        SessionCancelled: The microphone did not open in time.
        DaemonUnavailable: There is no daemon to ask.
    """

    def __init__(self, events: Generator[tuple[str, dict[str, Any]], None, dict[str, Any]], ask: _Ask) -> None:
        self._events, self._ask = events, ask
        self._read = deque[LiveEvent]()
        self.id = ""
        """The session's id."""
        self.state = ""
        """Where it stands: starting, recording, processing, done, cancelled or error."""
        self.answer: dict[str, Any] = {}
        """The daemon's answer as it came, once all events have been read."""
        while self.state in ("", "starting", "error", "cancelled") and (event := self._next()) is not None:
            self._read.append(event)

    @property
    def transcript(self) -> Transcript | None:
        """What was said, once all events have been read; None before, and when the session was cancelled."""
        return transcript_of(self.answer) if "text" in self.answer else None

    def stop(self) -> None:
        """Stop recording, and wait until the text is there, or for 25 s; reading on gives it. Call it from any thread.

        Raises:
            LiveSessionNotFound: The session has ended already.
            VoxError: What was said could not be recognised.
        """
        self._ask("transcribe.stopSession", {"sessionId": self.id})

    def cancel(self) -> None:
        """End the session without a text. Call it from any thread.

        Raises:
            LiveSessionNotFound: The session has ended already.
        """
        self._ask("transcribe.cancelSession", {"sessionId": self.id})

    def __iter__(self) -> "LiveSession":
        return self

    def __next__(self) -> LiveEvent:
        """The next event; waits for it.

        Raises:
            DaemonUnavailable: The daemon went away.
            MicrophoneUnavailable: The microphone went away before anything was heard.
            VoxError: What was said could not be recognised; `details["text"]` is how far it came.
        """
        event = self._read.popleft() if self._read else self._next()
        if event is None:
            raise StopIteration
        return event

    def _next(self) -> LiveEvent | None:
        try:
            event, data = next(self._events)
        except StopIteration as end:
            self.answer = self.answer or end.value or {}
            return None
        name = event.removeprefix("session.")
        self.id = data.get("sessionId", self.id)
        if name == "state":
            self.state = data["state"]
        return LiveEvent(name, data)

    def close(self) -> None:
        """Cancel the session if it still runs. May be called more than once."""
        self._events.close()

    def __enter__(self) -> "LiveSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
