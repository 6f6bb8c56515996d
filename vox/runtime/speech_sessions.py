"""Speech that a client follows, asks after and may end: sessions of synthesis.

A session is the story of one call. There may be any number at once: how many speak is decided where capacity is, by the
provider they are for. What is shown here is shown to whoever may see it; ending one is for those it belongs to.
"""

import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import anyio

from vox.errors import InvalidRequest, NotAuthorized
from vox.runtime.events import Events
from vox.runtime.requests import SynthesizeRequest

__all__ = ["Party", "SpeechSession", "SpeechSessions", "State"]

State = Literal["starting", "processing", "done", "cancelled", "error"]

_TOPIC = "synthesize.session"


@dataclass(frozen=True, slots=True)
class Party:
    """Who began a session, or asks something of one."""

    connection: str
    client: str = "unknown"
    owner: bool = False
    """The daemon's owner."""
    program: bool = False
    """A program of this machine rather than a web page."""

    def sees(self, other: "Party") -> bool:
        """Whether sessions of another are shown to this one."""
        return self.program or self.owner or self.connection == other.connection

    def may_end(self, other: "Party") -> bool:
        """Whether this one may end what another began: the connection that began it, the daemon's owner, and a program
        of this machine that goes by the same name, as the command line does on its second connection."""
        same_program = self.program and other.program and self.client == other.client
        return self.owner or self.connection == other.connection or same_program


class SpeechSession:
    """One session, from its beginning to its end.

    Args:
        tell: Told of every change of state: the new one, and the one before.
    """

    def __init__(self, party: Party, request: SynthesizeRequest, tell: Callable[[State, State | None], None]) -> None:
        self.id = str(uuid.uuid4())
        self.party = party
        self.model, self.voice = request.model or "", request.voice
        self.state: State | None = None
        self._length, self._tell = len(request.text), tell
        self._since = datetime.now(UTC)
        self.scope = anyio.CancelScope()

    @property
    def ended(self) -> bool:
        """Whether nothing else happens in it."""
        return self.state in ("done", "cancelled", "error")

    def routed(self, model: str, voice: str) -> None:
        """It is known who speaks, and the work begins."""
        self.model, self.voice = model, voice
        self.move("processing")

    def move(self, state: State) -> None:
        """Change the state, unless it has ended."""
        if not self.ended:
            before, self.state = self.state, state
            self._tell(state, before)

    def status(self) -> dict[str, Any]:
        """The session as clients see it."""
        return {
            "sessionId": self.id,
            "connectionId": self.party.connection,
            "clientId": self.party.client,
            "modelId": self.model,
            "voiceId": self.voice,
            "textLength": self._length,
            "startedAt": self._since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "state": self.state,
        }


class SpeechSessions:
    """The sessions that run.

    Args:
        events: Where their states are told of.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._running: dict[str, SpeechSession] = {}
        events.describe(_TOPIC, lambda: {"sessions": [session.status() for session in self._running.values()]})

    @contextmanager
    def opened(
        self,
        party: Party,
        request: SynthesizeRequest,
        tell: Callable[[SpeechSession, State | None], None],
    ) -> Generator[SpeechSession]:
        """A session for the time of the context, which a cancelled session leaves without an error: its state says so.

        Args:
            tell: Told of every change of state, with the state before.
        """

        def told(state: State, before: State | None) -> None:
            self._events.publish(_TOPIC, "session.state", session.status() | {"previous": before})
            tell(session, before)

        session = SpeechSession(party, request, told)
        self._running[session.id] = session
        try:
            session.move("starting")
            with session.scope:
                yield session
            session.move("done")
        except Exception:
            session.move("error")
            raise
        finally:
            session.move("cancelled")  # by whoever ended the call, if it has not ended by now
            del self._running[session.id]

    def seen_by(self, party: Party) -> list[SpeechSession]:
        """The sessions that may be shown, one's own last, and the newest last among each."""
        seen = [session for session in self._running.values() if party.sees(session.party)]
        return sorted(seen, key=lambda session: session.party.connection == party.connection)

    def cancel(self, party: Party, name: str | None) -> SpeechSession:
        """End the session of that id, or else the newest of one's own.

        Raises:
            InvalidRequest: There is none.
            NotAuthorized: It belongs to another.
        """
        own = [session for session in self.seen_by(party) if party.may_end(session.party)]
        session = own[-1] if own and name is None else self._running.get(name or "")
        if session is None or not party.sees(session.party) or session.ended:
            raise InvalidRequest("No active synthesis session", reason="synthesis_session_not_found")
        if not party.may_end(session.party):
            raise NotAuthorized(
                f"Session {session.id} belongs to another client; it and the daemon's owner may end it.",
                reason="session_owner_mismatch",
            )
        session.move("cancelled")
        session.scope.cancel()
        return session
