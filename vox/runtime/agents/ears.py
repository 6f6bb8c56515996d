"""Listening for agents: when the microphone is open, and how that stands.

It is open while listening is wanted and an agent is there to be spoken to; a session that ends is followed by the next.
Somebody else may have the microphone, or there is none: then it is tried again, and said so.
"""

import asyncio
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from vox.config.openvip import OpenVipSettings
from vox.errors import LiveSessionBusy, LiveSessionNotFound, VoxError
from vox.log import get_logger
from vox.runtime.agents.agents import Agents
from vox.runtime.agents.dictation import Dictation
from vox.runtime.agents.sitting import Sitting
from vox.runtime.agents.status import ListeningState
from vox.runtime.agents.voicebox import Voicebox
from vox.runtime.deafness import TAIL_S, Deafness
from vox.runtime.live.sessions import LiveSessions
from vox.runtime.live.told import Asker, DeviceChanged, Guessed, LiveRequest, StateChanged, Told, Warned
from vox.types import Transcript

__all__ = ["CLIENT", "Ears"]

CLIENT = "openvip"
"""Whose live session it is, as others are told who find the microphone taken."""

_log = get_logger()

_ASKER = Asker(connection=CLIENT, client=CLIENT, program=True)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0  # between two tries to get the microphone
_BUSY_PAUSE_S = 0.5  # others hold it for a sentence or two


class Ears:
    """Listens, while `run` runs.

    Args:
        live: Has the microphone.
        voicebox: Is not to be heard.
        deafness: Knows when others play, who are not to be heard either.
        take: Given what was said, to whom, and in which session.
        settings: As they are at the moment.
        changed: Called when anything below changes.
    """

    def __init__(
        self,
        live: LiveSessions,
        agents: Agents,
        dictation: Dictation,
        voicebox: Voicebox,
        deafness: Deafness,
        take: Callable[[Transcript, str | None, str | None], object],
        settings: Callable[[], OpenVipSettings],
        changed: Callable[[], object],
    ) -> None:
        self._live, self._agents, self._dictation, self._voicebox = live, agents, dictation, voicebox
        self._deafness = deafness
        self._take, self._settings, self._changed = take, settings, changed
        self.wanted = settings().listen
        """Whether the microphone is to be open while an agent is there."""
        self.error: VoxError | None = None
        """Why it is not, or nothing is recognised."""
        self.model: str | None = None
        """What recognises."""
        self.language: str | None = None
        """What was spoken last."""
        self._sitting: Sitting | None = None
        self._ending: list[Sitting] = []  # without the microphone, with something to recognise
        self._news, self._asked = asyncio.Event(), False
        self._pause_s = _FIRST_PAUSE_S
        agents.watch(self._look)
        deafness.watch(self._look)

    # ---- what clients do

    def start(self) -> None:
        """Listen while an agent is there. What has failed is tried again at once."""
        self._asked = True
        self._set(True)

    def stop(self) -> None:
        """Let the microphone go; what was said until now is still recognised."""
        self._set(False)

    def toggle(self) -> bool:
        """Do the other thing. Returns whether it listens now."""
        self._set(not self.wanted)
        return self.wanted

    def refresh(self) -> None:
        """The settings may have changed: another model or language begins another session."""
        self._look()

    # ---- how it stands

    @property
    def device(self) -> str | None:
        """The microphone that is open."""
        return None if self._sitting is None else self._sitting.device

    @property
    def state(self) -> ListeningState:
        """What goes on."""
        sitting = self._sitting
        if self._voicebox.sounds or self._deafness.lasts:
            return "playing"
        if self._dictation.muted and self.device is not None:
            return "muted"
        if sitting is not None and sitting.speaks:
            return "recording"
        if any(one.pending for one in (*self._ending, *([sitting] if sitting else ()))):
            return "transcribing"
        return "off" if self.device is None else "listening"

    # ---- listening

    async def run(self) -> None:
        """Listen whenever that is wanted, until cancelled."""
        async with anyio.create_task_group() as tasks:
            while True:
                await self._until(self._should_listen)
                self._sitting = sitting = self._sit(tasks)
                await self._until(lambda sitting=sitting: sitting.over or not self._should_go_on(sitting))
                if not sitting.over:
                    sitting.ending = True
                    tasks.start_soon(self._end, sitting)
                    await self._until(lambda sitting=sitting: sitting.over)
                self._sitting = None
                self._ending = [one for one in (*self._ending, sitting) if one.pending]
                self._changed()
                if self.error is not None:
                    await self._rest(self._next_pause_s(self.error))

    def _sit(self, tasks: TaskGroup) -> Sitting:
        sitting = Sitting(
            wishes=self._wishes(),
            current=lambda: self._agents.current,
            is_deaf=self._is_deaf,
            wants_guesses=self._wants_guesses,
            take=lambda transcript, target: self._heard(sitting, transcript, target),
            changed=self._look,
        )
        tasks.start_soon(self._live_through, sitting)
        return sitting

    async def _live_through(self, sitting: Sitting) -> None:
        """One session from its beginning to its end."""
        model, language = sitting.wishes
        request = LiveRequest(model=model, language=language, utterances=True, guesses=True, attendant=sitting)
        try:
            _, final = await self._live.run(request, _ASKER, lambda session, told: self._told(sitting, session, told))
            if not sitting.ending and (final is None or final.ended_by == "stop"):
                self._set(False)  # somebody else has ended it, and wants the microphone closed
        except Exception as error:  # of one session; the next may do better
            failure = _typed(error)
            if self._should_go_on(sitting):  # nobody misses what was to end
                self._fail(failure)
        finally:
            sitting.give_up()

    async def _end(self, sitting: Sitting) -> None:
        try:
            if sitting.id is not None:
                await self._live.stop(sitting.id, _ASKER)
        except LiveSessionNotFound:  # it has ended by itself meanwhile
            sitting.release()
        except VoxError as error:
            _log.warning("ears.stopped", code=error.code, why=error.message)

    def _told(self, sitting: Sitting, session: str, told: Told) -> None:
        sitting.id = session
        match told:
            case StateChanged("recording"):
                self.error, self._pause_s = None, _FIRST_PAUSE_S
            case StateChanged("processing" | "done" | "cancelled" | "error"):
                sitting.release()
            case DeviceChanged(device, _):
                sitting.device = device
                self._changed()
            case Warned(error):
                self.error = error
                self._changed()
            case Guessed(text):
                self._dictation.guess(text)
            case _:  # what is recognised comes to the sitting itself
                return

    def _heard(self, sitting: Sitting, transcript: Transcript, target: str | None) -> None:
        self.error = None
        self.model, self.language = transcript.model or self.model, transcript.language or self.language
        self._take(transcript, target, sitting.id)

    # ---- when

    def _should_listen(self) -> bool:
        return self.wanted and bool(self._agents.connected)

    def _should_go_on(self, sitting: Sitting) -> bool:
        return self._should_listen() and sitting.wishes == self._wishes()

    def _wishes(self) -> tuple[str | None, str | None]:
        settings = self._settings()
        return settings.model, settings.language

    def _is_deaf(self) -> bool:
        sounds = self._deafness.lasts or self._voicebox.silent_for_s < TAIL_S
        return sounds and not self._settings().headphones

    def _wants_guesses(self) -> bool:
        return not self._dictation.muted and self._agents.wants_partials(self._agents.current)

    def _set(self, wanted: bool) -> None:
        self.wanted = wanted
        if not wanted:
            self.error = None
        self._look()

    def _fail(self, error: VoxError) -> None:
        if self.error is None or self.error.code != error.code:
            _log.warning("ears.failed", code=error.code, why=error.message)
        self.error = error

    def _look(self) -> None:
        """Something has happened that may matter."""
        self._news.set()
        self._changed()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._news.clear()
            await self._news.wait()

    def _next_pause_s(self, error: VoxError) -> float:
        """Seconds to rest after a failure."""
        if isinstance(error, LiveSessionBusy):
            return _BUSY_PAUSE_S
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, _LONGEST_PAUSE_S)
        return pause_s

    async def _rest(self, seconds: float) -> None:
        """Wait before another try, but not when somebody asks for it."""
        self._asked = False
        with anyio.move_on_after(seconds):
            await self._until(lambda: self._asked or not self.wanted)


def _typed(error: Exception) -> VoxError:
    if isinstance(error, VoxError):
        return error
    _log.error("ears.broken", exc_info=error)
    return VoxError(f"Listening failed: {type(error).__name__}. See the daemon's log.")
