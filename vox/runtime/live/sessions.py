"""The live sessions of a daemon: one at a time has the microphone, and only its owner ends it.

A session whose recording is over needs the microphone no more, so another may begin while its last piece is still
being recognised.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from vox.config import Settings
from vox.errors import LiveSessionBusy, LiveSessionNotFound, LiveSessionOwnerMismatch, VoxError
from vox.runtime.events import Events
from vox.runtime.live.device import Device
from vox.runtime.live.pieces import Cutter, make_cutter
from vox.runtime.live.session import Listener, Recogniser, Session
from vox.runtime.live.told import Asker, Final, LiveRequest, StateChanged, Told
from vox.runtime.requests import Caller
from vox.runtime.telemetry import Rows
from vox.types import Transcript

if TYPE_CHECKING:
    from vox.audio.microphone import Microphone

__all__ = ["LONGEST_S", "OPEN_S", "STOP_S", "LiveSessions"]

OPEN_S = 10.0
"""Seconds the microphone may take to open."""

STOP_S = 25.0
"""Seconds a stop waits for the text: the published clients give a call up after 30."""

LONGEST_S = 86_400.0
"""Seconds of a session that tells utterances: a day."""

_CANCEL_S = 10.0  # letting the device go takes moments, unless the sound system hangs
_TOPIC = "transcribe.session"


class LiveSessions:
    """Begins, stops and cancels sessions.

    Args:
        recogniser: Recognises what is recorded.
        settings: As they are at the moment.
        events: Told of every state.
        rows: Takes one measurement of each session.
        keep: Keeps a transcript, if that is wanted; gives the record's id.
        preferred: Names the microphone that is taken while it is there, when a request names none.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        settings: Callable[[], Settings],
        events: Events,
        rows: Rows,
        keep: Callable[[Transcript, Caller, str], str | None],
        preferred: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._recogniser, self._settings, self._events, self._rows = recogniser, settings, events, rows
        self._keep = keep
        self._sessions: dict[str, Session] = {}
        self._holder: Session | None = None
        self.device = Device(lambda name: _open_microphone(name, preferred()))
        """The microphone."""
        self.cutter: Callable[[], Cutter] = lambda: make_cutter(settings().vad_model)
        """Makes what finds the pieces of a recording; called in a thread."""
        self.open_s = OPEN_S
        """Seconds the microphone may take to open."""
        events.describe(_TOPIC, lambda: {"sessions": self.statuses()})

    def statuses(self) -> list[dict[str, Any]]:
        """All sessions, in the wire's names, the one with the microphone last."""
        others = [session for session in self._sessions.values() if session is not self._holder]
        return [session.status() for session in (*others, *([self._holder] if self._holder else ()))]

    async def run(
        self, request: LiveRequest, asker: Asker, tell: Callable[[str, Told], None]
    ) -> tuple[str, Final | None]:
        """Begin a session and live it to its end. Returns its id and what was said, None when it was cancelled.

        Cancelling this, as a connection that closes does, cancels the session and lets the microphone go.

        Args:
            tell: Told what happens, each time with the session's id; it does not wait.

        Raises:
            LiveSessionBusy: Another session has the microphone.
            MicrophoneUnavailable: There is none.
            SessionCancelled: The microphone did not open in time.
            VoxError: What was said could not be recognised; the details have the text as far as it came.
        """
        self._check_free(asker)
        told = partial(self._told, tell)
        session = Session(
            request,
            asker,
            lambda event: told(session, event),
            recogniser=self._recogniser,
            listener=self._listener(request),
            free=lambda: self._free(session),
            keep=self._keep,
        )
        self._holder = self._sessions[session.id] = session
        try:
            return session.id, await session.run()
        finally:
            self._free(session)
            del self._sessions[session.id]
            self._rows.record(session.row())

    async def stop(self, name: str | None, asker: Asker) -> tuple[str, Final | None]:
        """Stop recording, and wait for the text. Returns the session's id and what was said; None when that takes so
        long that the session's own client must tell.

        Args:
            name: The session's id; None for the one there is.

        Raises:
            LiveSessionNotFound: There is none.
            LiveSessionOwnerMismatch: It is another client's.
            SessionCancelled: It is cancelled meanwhile.
            VoxError: What was said could not be recognised.
        """
        session = self._find(name, asker)
        session.stop()
        with anyio.move_on_after(STOP_S):
            await session.ended.wait()
        if session.error is not None:
            raise _again(session.error)
        return session.id, session.final

    async def cancel(self, name: str | None, asker: Asker) -> str:
        """End a session without a text, and wait until the microphone is free. Returns its id.

        Args:
            name: The session's id; None for the one there is.

        Raises:
            LiveSessionNotFound: There is none.
            LiveSessionOwnerMismatch: It is another client's.
        """
        session = self._find(name, asker)
        session.cancel()
        with anyio.move_on_after(_CANCEL_S):
            await session.ended.wait()
        return session.id

    def _listener(self, request: LiveRequest) -> Listener:
        limit_s = self._settings().live_max_seconds
        longest_s = LONGEST_S if request.utterances else limit_s
        max_s = longest_s if request.max_s is None else min(request.max_s, longest_s)
        return Listener(self._opened, lambda: self.cutter(), self.open_s, max_s, limit_s)

    async def _opened(self, name: str | None, timeout_s: float) -> "Microphone":
        return await self.device.open(name, timeout_s)

    def _check_free(self, asker: Asker) -> None:
        holder = self._holder
        if holder is None:
            return
        owner = {"sessionId": holder.id, "clientId": holder.owner.client, "state": holder.state}
        if holder.owner.connection == asker.connection or holder.owner.client == asker.client:
            told = f"client {asker.client} already owns session {holder.id} in {holder.state}; stop or cancel it first"
        else:
            told = (
                f"session {holder.id} is {holder.state} for client {holder.owner.client}; try again when it has ended"
            )
        raise LiveSessionBusy(told, sessionOwner=owner)

    def _find(self, name: str | None, asker: Asker) -> Session:
        """The session of that id, or else the one that records, or else the newest."""
        newest = self._holder or next(reversed(self._sessions.values()), None)
        session = newest if name is None else self._sessions.get(name)
        if session is None:
            raise LiveSessionNotFound("No active live session")
        if not _may_end(session.owner, asker):
            raise LiveSessionOwnerMismatch(
                f"session {session.id} belongs to client {session.owner.client}; only that client and the daemon's"
                " owner may end it",
                sessionOwner={"sessionId": session.id, "clientId": session.owner.client, "state": session.state},
            )
        return session

    def _free(self, session: Session) -> None:
        if self._holder is session:
            self._holder = None

    def _told(self, tell: Callable[[str, Told], None], session: Session, event: Told) -> None:
        if isinstance(event, StateChanged):
            told = session.status() | {"previous": event.previous}
            self._events.publish(_TOPIC, "session.state", told | ({"reason": event.reason} if event.reason else {}))
        tell(session.id, event)


def _may_end(owner: Asker, asker: Asker) -> bool:
    """Whether somebody may end the session of `owner`: the connection that began it, the daemon's owner, and a program
    of this machine that goes by the same name, as the published command line does on its second connection. A web page
    may end what it began on that connection, and nothing else."""
    same_program = owner.program and asker.program and owner.client == asker.client
    return owner.connection == asker.connection or asker.owner or same_program


def _again(error: VoxError) -> VoxError:
    """The same failure for somebody else: an exception that is raised in two tasks tells of both."""
    return type(error)(error.message, **error.details)


def _open_microphone(name: str | None, preferred: str | None) -> "Microphone":
    from vox.audio.capture import open_microphone  # loads numpy and the sound library

    return open_microphone(name, preferred=preferred)
