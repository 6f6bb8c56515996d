"""The turns of one session, recognised one after the other in their order, and told as they are."""

from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

import anyio
from anyio.to_thread import run_sync

from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.services import Services
from vox.doors.realtime.transcription_config import Transcription
from vox.doors.realtime.wire import error_of
from vox.errors import ModelNotFound, ModelNotInstalled, ProviderBusy, VoxError
from vox.log import get_logger
from vox.runtime.agent.conversation import Item
from vox.runtime.requests import Caller, TranscribeRequest
from vox.types import Partial, Transcript

__all__ = ["Scribe", "Turn"]

_log = get_logger()

_WAIT_S = 10.0  # for a free recogniser: longer and the speaker has given up
_LONG_S = 20.0  # of sound: to make more ready takes longer than the sound of other sessions may wait
_MOST = 64  # turns that wait: a minute of single words at the slowest machine


@dataclass(slots=True)
class Turn:
    """Something the user said, and what is to come of it."""

    item: Item
    seconds: float
    """Of sound."""
    wav: Callable[[], bytes]
    """What is given to the recogniser."""
    told: Transcription | None
    """How to recognise it; None recognises by the defaults and tells the client nothing."""
    answer: bool = False
    """Whether a response is to follow."""
    speech_end: float = 0.0
    stopped: float = 0.0
    """Moments, as in `TurnTimes`."""


class Scribe:
    """Recognises.

    Args:
        keeps: Whether an item is still in the conversation; of those that are not, nothing is told.
        done: Called after each turn, once it is told, whatever became of it.
    """

    def __init__(
        self,
        services: Services,
        outbox: Outbox,
        caller: Caller,
        keeps: Callable[[Item], bool],
        done: Callable[[Turn], None],
    ) -> None:
        self._services, self._outbox, self._caller = services, outbox, caller
        self._keeps, self._done = keeps, done
        self._turns: deque[Turn] = deque()
        self._news = anyio.Event()
        self.busy = False
        """Whether a turn is not recognised yet."""

    def add(self, turn: Turn) -> None:
        """Recognise a turn after those before it. With too many waiting it fails at once."""
        self.busy = True
        if len(self._turns) >= _MOST:
            error = ProviderBusy(f"{_MOST} turns wait to be recognised already. Speak on when they are.")
            self._failed(turn, error)
            return
        self._turns.append(turn)
        self._news.set()

    async def run(self) -> None:
        """Recognise, until cancelled."""
        while True:
            while not self._turns:
                self._news = anyio.Event()
                await self._news.wait()
            turn = self._turns.popleft()
            try:
                await self._recognise(turn)
            except VoxError as error:
                self._failed(turn, error)
            except Exception as error:
                _log.exception("realtime.transcription_failed", item=turn.item.id)
                self._failed(turn, VoxError(f"Vox failed: {type(error).__name__}. See the daemon's log."))
            self.busy = bool(self._turns)
            self._done(turn)

    async def _recognise(self, turn: Turn) -> None:
        wanted = turn.told or Transcription()
        request = TranscribeRequest(
            source=await _ready(turn),
            model=self._services.names.asr(wanted.model),
            language=wanted.language,
            prompt=wanted.prompt,
            max_wait_s=_WAIT_S,
        )
        try:
            await self._follow(request, turn)
        except (ModelNotFound, ModelNotInstalled) as error:
            if request.model is None:
                raise
            # Stock clients name OpenAI's models whether they matter to them or not.
            _log.info("realtime.default_recogniser", wanted=wanted.model, reason=error.message)
            await self._follow(TranscribeRequest(request.source, language=wanted.language, max_wait_s=_WAIT_S), turn)

    async def _follow(self, request: TranscribeRequest, turn: Turn) -> None:
        told = _Told()
        async with aclosing(self._services.engines.transcribe_partials(request, self._caller)) as parts:
            async for part in parts:
                if isinstance(part, Partial):
                    self._tell(turn, told.stable(part))
                else:
                    self._finish(turn, part, told)

    def _finish(self, turn: Turn, transcript: Transcript, told: "_Told") -> None:
        for part in turn.item.parts:
            part.text = transcript.text
        self._tell(turn, told.rest(transcript.text))
        if self._tells(turn):
            self._outbox.emit(
                "conversation.item.input_audio_transcription.completed",
                item_id=turn.item.id,
                content_index=0,
                transcript=transcript.text,
                usage={"type": "duration", "seconds": turn.seconds},
            )

    def _tell(self, turn: Turn, delta: str) -> None:
        if delta and self._tells(turn):
            self._outbox.emit(
                "conversation.item.input_audio_transcription.delta",
                item_id=turn.item.id,
                content_index=0,
                delta=delta,
            )

    def _failed(self, turn: Turn, error: VoxError) -> None:
        if self._tells(turn):
            self._outbox.emit(
                "conversation.item.input_audio_transcription.failed",
                item_id=turn.item.id,
                content_index=0,
                error=error_of(error),
            )

    def _tells(self, turn: Turn) -> bool:
        return turn.told is not None and self._keeps(turn.item)


async def _ready(turn: Turn) -> bytes:
    if turn.seconds < _LONG_S:
        return turn.wav()
    return await run_sync(turn.wav, abandon_on_cancel=True)


class _Told:
    """What of a transcript was told: its beginning, which is never taken back."""

    def __init__(self) -> None:
        self._text = ""

    def stable(self, partial: Partial) -> str:
        """What is new in the part of a partial text that stays as it is."""
        blanks = len(partial.text) - len(partial.text.lstrip())
        return self._new(partial.text[blanks : max(blanks, partial.stable)])

    def rest(self, text: str) -> str:
        """What was not told of the whole text; nothing where it begins otherwise, as `completed` tells all of it."""
        return self._new(text)

    def _new(self, text: str) -> str:
        if not text.startswith(self._text):
            return ""
        new = text[len(self._text) :]
        self._text = text
        return new
