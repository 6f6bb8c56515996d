"""What the client's microphone brings: sound that is kept, and turns, found in it or committed, each of which is put
into the conversation and recognised. Loads numpy, as `vox.doors.realtime.listening` does."""

from collections.abc import Callable
from typing import Any

import anyio.lowlevel

from vox.doors.realtime.config import SessionConfig
from vox.doors.realtime.item_events import ItemEvents
from vox.doors.realtime.items import read_audio
from vox.doors.realtime.listening import Ear, Heard, Sound, Started, Stopped
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.scribe import Scribe, Turn
from vox.doors.realtime.transcription_config import Transcription
from vox.doors.realtime.wire import EventError, event_id_of, new_id
from vox.runtime.agent.conversation import Item, Part

__all__ = ["Hearing"]

_LEAST_COMMIT_MS = 100  # OpenAI's bound


class Hearing:
    """The input of one session.

    Args:
        config: What the session begins with.
        clock: Seconds, as of `Services`.
        began: Called when the user begins to speak, once that is told.
    """

    def __init__(
        self,
        config: SessionConfig,
        items: ItemEvents,
        outbox: Outbox,
        scribe: Scribe,
        clock: Callable[[], float],
        began: Callable[[], None],
    ) -> None:
        self.ear = Ear(config.input_format, config.turn_detection)
        self._config = config
        self._items, self._outbox, self._scribe = items, outbox, scribe
        self._clock, self._began = clock, began
        self._speech_item: str | None = None

    def configure(self, config: SessionConfig) -> None:
        """Go by another configuration from now on."""
        self._config = config
        self.ear.configure(config.input_format, config.turn_detection)
        if not self.ear.speaking:
            self._speech_item = None

    async def append(self, event: dict[str, Any]) -> None:
        """`input_audio_buffer.append`.

        Raises:
            EventError: It holds no sound, or more than there is room for.
        """
        if "audio" not in event:
            raise EventError("missing_required_parameter", "`audio` is missing.", "audio")
        content = read_audio(event["audio"], "audio")
        if not self.ear.has_room(content):
            raise EventError(
                "input_audio_buffer_full",
                "Ten minutes of audio wait for a commit, which is the most. Commit or clear them; this was not taken.",
            )
        for at, piece in enumerate(self.ear.pieces(content)):
            if at:
                await anyio.lowlevel.checkpoint()  # others have their turn between seconds
            for heard in self.ear.hear(piece):
                self._take(heard, event)

    def commit(self) -> None:
        """`input_audio_buffer.commit`.

        Raises:
            EventError: There is too little sound.
        """
        if self.ear.kept_ms < _LEAST_COMMIT_MS:
            raise EventError(
                "input_audio_buffer_commit_empty",
                f"Error committing input audio buffer: buffer too small. Expected at least {_LEAST_COMMIT_MS} ms of "
                f"audio, but buffer only has {self.ear.kept_ms} ms of audio.",
            )
        item_id = self._tell_stopped(self.ear.ms) if self.ear.speaking else new_id("item")
        self._keep(self._turn(item_id, self.ear.commit()))

    def clear(self) -> None:
        """`input_audio_buffer.clear`."""
        self.ear.clear()
        self._speech_item = None
        self._outbox.emit("input_audio_buffer.cleared")

    def _take(self, heard: Heard, event: dict[str, Any]) -> None:
        try:
            if isinstance(heard, Started):
                self._started(heard)
            else:
                self._stopped(heard)
        except EventError as error:  # there was no room for the turn; what else was appended is heard all the same
            error.event_id = event_id_of(event)
            self._outbox.emit("error", error=error.shape())

    def _started(self, heard: Started) -> None:
        self._speech_item = new_id("item")
        self._outbox.emit("input_audio_buffer.speech_started", audio_start_ms=heard.start_ms, item_id=self._speech_item)
        self._began()

    def _stopped(self, heard: Stopped) -> None:
        item_id = self._tell_stopped(heard.sound.end_ms)
        turns, now = self._config.turn_detection, self._clock()
        turn = self._turn(item_id, heard.sound, heard.tail_ms)
        turn.answer = self._config.type == "realtime" and turns is not None and turns.create_response
        turn.speech_end, turn.stopped = now - heard.silence_ms / 1000, now
        self._keep(turn)

    def _tell_stopped(self, end_ms: int) -> str:
        item_id, self._speech_item = self._speech_item or new_id("item"), None
        self._outbox.emit("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=item_id)
        return item_id

    def _turn(self, item_id: str, sound: Sound, tail_ms: int = 0) -> Turn:
        part = Part("input_audio", None, bytearray(sound.pcm24()), sound.ms)
        item = Item(item_id, "message", "user", parts=[part])
        told = self._config.transcription
        if told is None and self._config.type == "transcription":
            told = Transcription()
        return Turn(item, sound.ms / 1000, lambda: sound.wav(tail_ms), told)

    def _keep(self, turn: Turn) -> None:
        """Put what was said into the conversation, and have it recognised."""
        self._items.tell_turn(turn.item, self._items.put(turn.item))
        self._scribe.add(turn)
