"""A live session: the microphone of the daemon's machine, read as text while somebody speaks."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from vox.client.aio.follow import Followed
from vox.client.live import LiveEvent
from vox.client.values import transcript_of
from vox.types import Transcript

__all__ = ["AsyncLiveSession"]

_Ask = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class AsyncLiveSession:
    """The events of one session, in order. When its `async with` block is entered, the microphone records; the session
    ends with `stop`, `cancel`, or at its longest, and leaving the block before that cancels it.

    Args:
        events: Of a `transcribe.startSession`.
        ask: Makes another call.
    """

    def __init__(self, events: Followed, ask: _Ask) -> None:
        self._events, self._ask = events, ask
        self._read = deque[LiveEvent]()
        self.id = ""
        """The session's id."""
        self.state = ""
        """Where it stands: starting, recording, processing, done, cancelled or error."""

    @property
    def answer(self) -> dict[str, Any]:
        """The daemon's answer as it came, once all events have been read."""
        return self._events.answer

    @property
    def transcript(self) -> Transcript | None:
        """What was said, once all events have been read; None before, and when the session was cancelled."""
        return transcript_of(self.answer) if "text" in self.answer else None

    async def stop(self) -> None:
        """Stop recording, and wait until the text is there, or for 25 s; reading on gives it.

        Raises:
            LiveSessionNotFound: The session has ended already.
            VoxError: What was said could not be recognised.
        """
        await self._ask("transcribe.stopSession", {"sessionId": self.id})

    async def cancel(self) -> None:
        """End the session without a text.

        Raises:
            LiveSessionNotFound: The session has ended already.
        """
        await self._ask("transcribe.cancelSession", {"sessionId": self.id})

    def __aiter__(self) -> "AsyncLiveSession":
        return self

    async def __anext__(self) -> LiveEvent:
        """The next event; waits for it.

        Raises:
            DaemonUnavailable: The daemon went away.
            MicrophoneUnavailable: The microphone went away before anything was heard.
            VoxError: What was said could not be recognised; `details["text"]` is how far it came.
        """
        return self._read.popleft() if self._read else await self._next()

    async def aclose(self) -> None:
        """Cancel the session if it still runs. May be called more than once."""
        await self._events.aclose()

    async def __aenter__(self) -> "AsyncLiveSession":
        """Wait until the microphone records.

        Raises:
            LiveSessionBusy: Another session has the microphone.
            MicrophoneUnavailable: There is none.
            SessionCancelled: The microphone did not open in time.
            DaemonUnavailable: There is no daemon to ask.
        """
        try:
            while self.state in ("", "starting"):
                self._read.append(await self._next())
        except StopAsyncIteration:
            pass  # over as soon as it began: the events tell how
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _next(self) -> LiveEvent:
        event, data = await anext(self._events)
        name = event.removeprefix("session.")
        self.id = data.get("sessionId", self.id)
        if name == "state":
            self.state = data["state"]
        return LiveEvent(name, data)
