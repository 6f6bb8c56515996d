"""What agents say, played one after the other on the daemon's loudspeaker.

While one text is heard the next is made, so that lines follow each other without a pause. Whoever asked is answered
when the text was heard, or before clients lose patience.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic

import anyio

from vox.audio.playback import Stream, open_device
from vox.errors import NoRoom, SpeakerUnavailable, VoxError
from vox.log import get_logger
from vox.runtime.agents.kept_speech import KeptSpeech
from vox.runtime.agents.output import Output
from vox.runtime.agents.saying import Saying, Spoken, Synthesize, typed
from vox.runtime.requests import SynthesizeRequest
from vox.types import AudioChunk, Speech

__all__ = ["ANSWER_S", "MOST", "Voicebox"]

ANSWER_S = 8.0
"""Seconds after which whoever asked is answered: OpenVIP's clients give up after ten."""

MOST = 200
"""Texts that may wait."""

_AHEAD_BYTES = 16 << 20  # of speech made and not yet heard: six minutes at 24 kHz
_HOLD_S = 0.3  # the device is kept for the next speech; opening it anew takes as long

_log = get_logger()


class Voicebox:
    """Speaks, while `run` runs.

    Args:
        synthesize: Makes speech.
        changed: Called whenever something begins or ends to be heard, and when the queue or the error changes.
        spoken: Told of each text that was heard to its end, announcements excepted.
        opened: Opens the output for a rate and a number of channels.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        synthesize: Synthesize,
        changed: Callable[[], object],
        spoken: Callable[[Speech, str], object],
        opened: Callable[[int, int], Stream] = open_device,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._synthesize, self._changed, self._spoken, self._clock = synthesize, changed, spoken, clock
        self._output, self._kept = Output(opened), KeptSpeech(synthesize)
        self._to_make, self._to_play = deque[Saying](), deque[Saying]()
        self._more_to_make, self._more_to_play, self._taken = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.sounds = False
        """Whether something is heard, or the device is kept for what comes next."""
        self._loud, self._silent_since = False, float("-inf")
        self.error: VoxError | None = None
        """Why the last text was not spoken."""
        self.last: Spoken | None = None
        """What was spoken last."""

    @property
    def queued(self) -> int:
        """Texts that are not over yet, the one that is heard included."""
        return sum(not saying.over.is_set() for saying in self._to_play)

    @property
    def silent_for_s(self) -> float:
        """Seconds since something was given to the device, which may be a moment late."""
        return 0.0 if self._loud else self._clock() - self._silent_since

    async def say(self, request: SynthesizeRequest) -> Spoken:
        """Speak behind what waits already. Returns when it was heard, was stopped, or after `ANSWER_S`; cancelling this
        lets it be spoken nevertheless.

        Raises:
            InvalidRequest: There is nothing to say, or too much of it.
            NoRoom: Too much waits.
            SpeakerUnavailable: Nothing here can play sound.
            VoxError: The text could not be spoken.
        """
        saying = self._add(request)
        with anyio.move_on_after(ANSWER_S):
            await saying.over.wait()
        if saying.error is not None:
            raise type(saying.error)(saying.error.message, **saying.error.details)
        return saying.spoken()

    def announce(self, request: SynthesizeRequest) -> None:
        """Speak something short behind what waits, and keep it. What goes wrong is in `error`; where too much waits, it
        is left out."""
        if len(self._to_play) < MOST:
            self._add(request, keep=True)

    async def prepare(self, request: SynthesizeRequest) -> None:
        """Make something that `announce` will say, so that it is there at once.

        Raises:
            VoxError: It could not be made.
        """
        await self._kept.get(request)

    async def stop(self) -> int:
        """Fall silent, and forget what waits; whoever waits for it is answered. Returns how many texts that were."""
        sayings = [saying for saying in self._to_play if not saying.over.is_set()]
        for saying in sayings:
            saying.stop()
        self._to_make.clear()
        if sayings:
            await self._interrupt()
        return len(sayings)

    async def run(self) -> None:
        """Speak what is said, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._make_all)
            try:
                await self._play_all()
            finally:
                await self._end()

    def _add(self, request: SynthesizeRequest, *, keep: bool = False) -> Saying:
        request.speakable()
        if len(self._to_play) >= MOST:
            raise NoRoom(f"{MOST} texts wait to be spoken already. Wait for them, or stop them.", queued=MOST)
        saying = Saying(request, keep=keep)
        self._to_make.append(saying)
        self._to_play.append(saying)
        self._more_to_make.set()
        self._more_to_play.set()
        self._changed()
        return saying

    # ---- making

    async def _make_all(self) -> None:
        while True:
            while not self._to_make:
                self._more_to_make.clear()
                await self._more_to_make.wait()
            saying = self._to_make.popleft()
            if saying.keep:
                await self._make_kept(saying)
            else:
                await saying.make(self._synthesize, self._wait_for_room)

    async def _make_kept(self, saying: Saying) -> None:
        try:
            saying.give(*await self._kept.get(saying.request))
        except Exception as error:  # for whoever asked, not for what waits behind it
            saying.end(typed(error))

    async def _wait_for_room(self) -> None:
        while sum(saying.waiting for saying in self._to_play) > _AHEAD_BYTES:
            self._taken.clear()
            await self._taken.wait()

    # ---- playing

    async def _play_all(self) -> None:
        while True:
            while not self._to_play:
                await self._wait_for_more()
            saying = self._to_play[0]
            try:
                if not saying.over.is_set():
                    await self._play(saying)
            except SpeakerUnavailable as error:
                self._silence()
                saying.end(error)
            saying.end()
            self._to_play.popleft()
            self._note(saying)

    async def _play(self, saying: Saying) -> None:
        while (chunk := await self._next(saying)) is not None:
            self._taken.set()
            self._sound()
            await self._output.play(chunk)
        if saying.stopped:
            await self._interrupt()
            self._silence()
        else:
            await self._output.drain()
            self._hush()

    async def _next(self, saying: Saying) -> AudioChunk | None:
        """The next piece; when it takes its time, the device is let go, and others may be heard."""
        if self.sounds:
            with anyio.move_on_after(_HOLD_S):
                return await saying.next()
            await self._fall_silent()
        return await saying.next()

    async def _wait_for_more(self) -> None:
        self._more_to_play.clear()
        if self.sounds:
            with anyio.move_on_after(_HOLD_S):
                await self._more_to_play.wait()
                return
            await self._fall_silent()
            return
        await self._more_to_play.wait()

    async def _fall_silent(self) -> None:
        await self._noted(self._output.close())
        self._silence()

    async def _interrupt(self) -> None:
        await self._noted(self._output.interrupt())

    async def _noted(self, doing: Awaitable[None]) -> None:
        """What fails when all was heard, or shall not be, is nobody's fault who waits."""
        try:
            await doing
        except SpeakerUnavailable as error:
            self.error = error
            _log.warning("speaker.failed", why=error.message)

    def _sound(self) -> None:
        self._loud = True
        if not self.sounds:
            self.sounds = True
            self._changed()

    def _hush(self) -> None:
        if self._loud:
            self._loud, self._silent_since = False, self._clock()

    def _silence(self) -> None:
        self._hush()
        if self.sounds:
            self.sounds = False
            self._changed()

    def _note(self, saying: Saying) -> None:
        if saying.error is not None:
            _log.warning("speech.failed", code=saying.error.code, why=saying.error.message)
        if saying.error is not None or saying.heard:
            self.error, self.last = saying.error, saying.spoken()
        if saying.heard and saying.speech is not None:
            self._spoken(saying.speech, saying.request.text)
        self._taken.set()
        self._changed()

    async def _end(self) -> None:
        """The daemon ends: whoever waits is answered, and nothing is heard any more."""
        for saying in self._to_play:
            saying.stop()
        with anyio.CancelScope(shield=True):
            await self._interrupt()
