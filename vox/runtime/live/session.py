"""One live session, from its beginning to its end.

    starting → recording → processing → done
        └──────────┴────────────┴─────→ cancelled | error

While it records, the model is loaded and what was said is recognised piece by piece, so that the end of the recording
leaves no more to do than the last piece. The microphone is free as soon as `processing` is told.
"""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import anyio
from anyio.to_thread import run_sync

from vox.audio.utterance import Utterance
from vox.errors import SessionCancelled, VoxError
from vox.log import get_logger
from vox.runtime.live.gathered import Gathered, join
from vox.runtime.live.hearing import Hearing
from vox.runtime.live.pieces import RATE, Cutter
from vox.runtime.live.recording import Recording
from vox.runtime.live.tally import Tally
from vox.runtime.live.told import Asker, EndedBy, Final, Guessed, Heard, LiveRequest, State, StateChanged, Tell, Warned
from vox.runtime.requests import Caller, TranscribeRequest
from vox.types import Transcript

if TYPE_CHECKING:
    from vox.audio.microphone import Microphone

__all__ = ["ROUTE", "Listener", "Recogniser", "Session"]

ROUTE = "transcribe.live"
"""What measurements and records call a session."""

_log = get_logger()

_GUESS_S = 0.5  # between two looks at an utterance that goes on

_STARTING_TIMEOUT, _CONNECTION_CLOSED, _BY_CLIENT = "starting_timeout", "connection_closed", "cancelled"


class Recogniser(Protocol):
    """What a session needs of the runtime."""

    async def transcribe(self, request: TranscribeRequest, caller: Caller, into: Tally, /) -> Transcript:
        """Recognise one piece; its measurement goes to `into`.

        Raises:
            VoxError: As `Runtime.transcribe`.
        """
        ...

    async def warm_ahead(self, model: str | None, client: str, /) -> str | None:
        """Begin to load a model, and tell which it is.

        Raises:
            VoxError: As `Runtime.warm_ahead`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Listener:
    """How a session gets at sound.

    Args:
        open: Opens the microphone of a name within its time.
        cutter: Makes what finds the pieces of a recording.
        open_s: Seconds the microphone may take to open.
        max_s: Seconds a recording may last.
        behind_s: Seconds of audio that may wait to be recognised.
    """

    open: "Callable[[str | None, float], Awaitable[Microphone]]"
    cutter: Callable[[], Cutter]
    open_s: float
    max_s: float
    behind_s: float


class Session:
    """One session.

    Args:
        request: What its client wants.
        owner: Who that is.
        tell: Told what happens.
        free: Called once it needs the microphone no more.
        keep: Keeps the transcript, if that is wanted; gives the record's id.
    """

    def __init__(
        self,
        request: LiveRequest,
        owner: Asker,
        tell: Tell,
        *,
        recogniser: Recogniser,
        listener: Listener,
        free: Callable[[], None],
        keep: Callable[[Transcript, Caller, str], str | None],
    ) -> None:
        self.id = secrets.token_hex(8)
        self.owner, self.model, self.started = owner, request.model, datetime.now(UTC)
        self.state: State | None = None
        self.final: Final | None = None
        """What was said, once it is `done`."""
        self.error: VoxError | None = None
        """Why it ended in `error` or `cancelled`."""
        self.ended = anyio.Event()
        self.tally = Tally()
        self._request, self._tell, self._free, self._keep = request, tell, free, keep
        self._recogniser, self._listener = recogniser, listener
        self._caller = Caller(owner.client, ROUTE)
        self._gathered = Gathered(keep_times=not request.utterances)
        self._hearing = Hearing(self._transcribe, self._take, lambda error: tell(Warned(error)))
        self._recording: Recording | None = None
        self._stopping = False
        self._scope, self._guessing = anyio.CancelScope(), anyio.CancelScope()
        self._sequence, self._guesses = count(), Tally()

    # ---- what others do to it

    def stop(self) -> None:
        """End the recording; what was said is recognised. May be called again."""
        self._stopping = True
        if self._recording is not None:
            self._recording.stop()

    def cancel(self) -> None:
        """End it without a text. May be called again."""
        self._scope.cancel()

    def status(self) -> dict[str, Any]:
        """What others may know of it, in the wire's names."""
        return {
            "sessionId": self.id,
            "connectionId": self.owner.connection,
            "clientId": self.owner.client,
            "modelId": self.model,
            "startedAt": self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "state": self.state,
        }

    # ---- its life

    async def run(self) -> Final | None:
        """Live. Returns what was said; None when it was cancelled.

        Raises:
            SessionCancelled: The microphone did not open in time.
            VoxError: There is no microphone, or what was said could not be recognised.
        """
        try:
            with self._scope:
                self.final = await self._live()
                self._enter("done")
            if self._scope.cancelled_caught:
                self._cancelled(_BY_CLIENT, None)
        except SessionCancelled as error:
            self._cancelled(str(error.details["reason"]), error)
            raise
        except Exception as error:
            self.error = _typed(error)
            self._enter("error", self.error.code)
            raise self.error from error
        except BaseException:
            self._cancelled(_CONNECTION_CLOSED, None)
            raise
        finally:
            self._free()
            self.ended.set()
        return self.final

    def row(self) -> dict[str, Any]:
        """Its measurement, once it has ended."""
        final = self.final
        facts: dict[str, Any] = {"traceId": self.id, "sessionId": self.id, "clientId": self.owner.client}
        facts |= {"route": ROUTE, "modelId": self.model}
        if self._recording is not None:
            facts["audioDurationMs"] = round(self._recording.samples / RATE * 1000)
            facts["lostMs"] = round(self._recording.lost / RATE * 1000)
        if self._request.guesses:
            facts["guesses"] = self._guesses.pieces
        if final is not None:
            facts |= {"textLength": len(final.transcript.text), "endedBy": final.ended_by}
        return self.tally.row(facts, final and final.transcript.metrics, self.error)

    async def _live(self) -> Final:
        self._enter("starting")
        cutter = await run_sync(self._listener.cutter)
        microphone = await self._open()
        self._recording = Recording(
            microphone,
            cutter,
            self._hearing.add,
            self._tell,
            max_s=self._listener.max_s,
            levels=self._request.levels,
            behind=lambda: self._hearing.waiting_s > self._listener.behind_s,
            attendant=self._request.attendant,
        )
        if self._stopping:
            self._recording.stop()
        if self._request.attendant is not None:
            self._request.attendant.opened(microphone.device)
        self._enter("recording")
        final: Final | VoxError | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._warm_up)
            tasks.start_soon(self._hearing.run)
            if self._request.guesses:
                tasks.start_soon(self._guess, self._recording)
            final = await self._caught(self._record_and_recognise)
            tasks.cancel_scope.cancel()
        if isinstance(final, VoxError):
            raise final
        assert final is not None  # nothing else ends the group, but a cancellation
        self._tell(final)
        return final

    async def _open(self) -> "Microphone":
        seconds = self._listener.open_s
        try:
            return await self._listener.open(self._request.device, seconds)
        except TimeoutError as error:
            raise SessionCancelled(
                f"The microphone did not open within {seconds:g} s. Check the sound system with: vox doctor",
                reason=_STARTING_TIMEOUT,
            ) from error

    async def _record_and_recognise(self) -> Final:
        assert self._recording is not None
        ended_by = await self._recording.run()
        self._guessing.cancel()
        self._free()
        self._enter("processing", None if ended_by == "stop" else ended_by)
        begin = anyio.current_time()
        self._hearing.end()
        await self._hearing.wait()
        return self._make_final(ended_by, (anyio.current_time() - begin) * 1000)

    async def _warm_up(self) -> None:
        try:
            self.model = await self._recogniser.warm_ahead(self._request.model, self.owner.client) or self.model
        except VoxError as error:  # perhaps it can be used when the first piece is there
            self._tell(Warned(error))

    async def _transcribe(self, piece: Utterance, tally: Tally | None = None) -> Transcript:
        wanted = self._request
        request = TranscribeRequest(
            source=piece.wav(),
            model=wanted.model,
            language=wanted.language,
            prompt=wanted.prompt,
            hotwords=wanted.hotwords,
            words=wanted.words,
        )
        return await self._recogniser.transcribe(request, self._caller, tally or self.tally)

    async def _guess(self, recording: Recording) -> None:
        """Recognise what is being said again and again, while nothing waits that was said. What fails here is told when
        the utterance has ended."""
        seen, attendant = 0, self._request.attendant
        with self._guessing:
            while True:
                await anyio.sleep(_GUESS_S)
                if attendant is not None and not attendant.wants_guesses():
                    continue
                speech = recording.going_on()
                if speech is None or self._hearing.waiting_s or len(speech.pcm) == seen:
                    continue
                seen, before = len(speech.pcm), self._hearing.added
                with suppress(VoxError):
                    guess = await self._transcribe(speech, self._guesses)
                    if guess.text and self._hearing.added == before:
                        self._tell(self._guessed(guess.text))

    def _guessed(self, text: str) -> Guessed:
        before = "" if self._request.utterances else self._gathered.text
        return Guessed(join(before, text), next(self._sequence), len(before))

    def _take(self, piece: Utterance, heard: Transcript) -> None:
        if self._request.attendant is not None:
            self._request.attendant.recognised(piece, heard)
            return
        words = self._gathered.add(piece, heard)
        if heard.text:
            text = "" if self._request.utterances else self._gathered.text
            start, end = round(piece.start_s, 3), round(piece.start_s + piece.duration_s, 3)
            self._tell(Heard(text, next(self._sequence), start, end, heard.text, words))

    def _make_final(self, ended_by: EndedBy, final_ms: float) -> Final:
        assert self._recording is not None
        gathered, duration_s = self._gathered, self._recording.samples / RATE
        transcript = Transcript(
            model=gathered.model or self.model or "",
            text=gathered.text,
            elapsed_ms=final_ms,
            duration_s=duration_s,
            metrics=self.tally.metrics(duration_s, round(final_ms, 3)),
            words=gathered.words,
            segments=gathered.segments or None,
            language=gathered.language,
            trace_id=self.id,
        )
        kept = None if self._request.attendant else self._keep(transcript, self._caller, self.id)
        return Final(self.id, transcript, ended_by, kept)

    async def _caught(self, work: Callable[[], Awaitable[Final]]) -> Final | VoxError:
        """The result or the error of `work`: what leaves a task group by itself leaves it in a group."""
        try:
            return await work()
        except VoxError as error:
            if self._gathered.text:
                error.details.setdefault("text", self._gathered.text)
            return error

    def _cancelled(self, reason: str, error: VoxError | None) -> None:
        self.error = error or SessionCancelled("The session was cancelled.", reason=reason)
        self._enter("cancelled", None if reason == _BY_CLIENT else reason)

    def _enter(self, state: State, reason: str | None = None) -> None:
        previous, self.state = self.state, state
        self._tell(StateChanged(state, previous, reason))


def _typed(error: Exception) -> VoxError:
    if isinstance(error, VoxError):
        return error
    _log.error("live.failed", exc_info=error)
    return VoxError(f"The session failed: {type(error).__name__}. See the daemon's log.")
