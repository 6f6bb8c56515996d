"""A Realtime connection of OpenAI's client, with a bound on every wait."""

import queue
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from tests.e2e.sdk.place import RATE

__all__ = ["Talk", "talking"]

_BOUND_S = 15.0


class Talk:
    """One connection: what comes is read all the time, as a program with a loudspeaker does."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.events: list[Any] = []
        self._arriving: queue.Queue[Any] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            for event in self.connection:
                self._arriving.put(event)
            self._arriving.put(None)
        except Exception as error:
            self._arriving.put(error)

    def receive(self, seconds: float = _BOUND_S) -> Any:
        """The next event; None when the connection has ended well."""
        event = self._arriving.get(timeout=seconds)
        if isinstance(event, Exception):
            raise event
        if event is not None:
            self.events.append(event)
        return event

    def until(self, *types: str, seconds: float = _BOUND_S) -> Any:
        """The next event of one of these types; an error that is not waited for fails."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self.receive(max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"none of {types} within {seconds} s: {self.types()}") from None
            assert event is not None, f"the connection ended before {types}"
            if event.type in types:
                return event
            assert event.type not in ("error", "conversation.item.input_audio_transcription.failed"), event

    def say(self, pcm: bytes, piece: int = 9600) -> None:
        """Append sound, 200 ms at a time."""
        for start in range(0, len(pcm), piece):
            self.connection.input_audio_buffer.append(audio=b64encode(pcm[start : start + piece]).decode("ascii"))

    def pause(self, seconds: float) -> None:
        """Append silence."""
        self.say(bytes(2 * round(RATE * seconds)))

    def write(self, text: str) -> None:
        """A written message of the user."""
        content = [{"type": "input_text", "text": text}]
        self.connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})

    def of(self, *types: str) -> list[Any]:
        """The events of these types that have come so far."""
        return [event for event in self.events if event.type in types]

    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def heard(self) -> bytes:
        """The sound that has come so far."""
        return b"".join(
            b64decode(event.delta) for event in self.of("response.output_audio.delta", "response.audio.delta")
        )

    def end(self) -> None:
        """Close it; nothing is left unread."""
        self.connection.close()
        while self.receive() is not None:
            pass
        self._reader.join(_BOUND_S)
        assert not self._reader.is_alive()


@contextmanager
def talking(manager: Any) -> Generator[Talk]:
    """A conversation, begun: its first event has come."""
    with manager as connection:
        talk = Talk(connection)
        first = talk.receive()
        assert first.type in ("session.created", "transcription_session.created"), first
        yield talk
        talk.end()
