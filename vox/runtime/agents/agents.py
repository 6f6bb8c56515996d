"""Who is connected, and who is spoken to.

One agent is the current one. The first to come is; when it leaves, the next that is there. After a restart of the
daemon the one that was current has some seconds to come back before that.
"""

from collections.abc import Callable, Iterable
from time import monotonic

from vox.errors import AgentConflict, AgentNotConnected, AgentReserved, InvalidRequest
from vox.runtime.agents.mailbox import Mailbox

__all__ = ["LONGEST_ID", "PREFER_S", "Agents"]

PREFER_S = 20.0
"""Seconds after the start in which the agent of the last session is made the current one when it comes."""

LONGEST_ID = 200
"""Characters of an agent's id."""


class Agents:
    """The agents of a daemon.

    Args:
        preferred: The current agent of the last session.
        clock: Seconds that only grow.
    """

    def __init__(self, preferred: str | None = None, clock: Callable[[], float] = monotonic) -> None:
        self.current: str | None = None
        """Whose id is spoken to."""
        self.dropped = 0
        """Messages left out for agents that have gone; see `Mailbox.dropped` for the others."""
        self._mailboxes: dict[str, Mailbox] = {}
        self._focused: str | None = None
        self._preferred, self._clock, self._prefer_until = preferred, clock, clock() + PREFER_S
        self._watchers: list[Callable[[], object]] = []

    # ---- who is there

    @property
    def connected(self) -> list[str]:
        """All ids, in the order in which they came."""
        return list(self._mailboxes)

    def __contains__(self, agent: str) -> bool:
        return agent in self._mailboxes

    def connect(self, agent: str, *, partials: bool = False) -> Mailbox:
        """Let an agent in. Returns what it is to read.

        Args:
            partials: Whether it wants partial texts.

        Raises:
            AgentConflict: One of that id is there.
            AgentReserved: The id is nobody's.
            InvalidRequest: It is none.
        """
        _check(agent)
        if agent in self._mailboxes:
            raise AgentConflict(f"Agent '{agent}' already connected. Give this one another id, or end the other.")
        mailbox = self._mailboxes[agent] = Mailbox(partials=partials)
        if self.current is None or self._is_preferred(agent):
            self.current = agent
        self._tell()
        return mailbox

    def disconnect(self, agent: str, mailbox: Mailbox) -> None:
        """Let an agent go, unless another of that id has come since. May be called again."""
        mailbox.close()
        if self._mailboxes.get(agent) is not mailbox:
            return
        del self._mailboxes[agent]
        self.dropped += mailbox.dropped
        self._focused = None if self._focused == agent else self._focused
        if self.current == agent:
            self.current = self._focused or next(iter(self._mailboxes), None)
        self._tell()

    # ---- who is spoken to

    def set_current(self, agent: str) -> None:
        """Speak to this one.

        Raises:
            AgentNotConnected: It is not there.
        """
        self._find(agent)
        self._preferred = None
        if agent != self.current:
            self.current = agent
            self._tell()

    def focus(self, agent: str, focused: bool, *, follow: bool = True) -> None:
        """An agent's terminal got or lost the keyboard.

        Args:
            follow: Whether the one that has it is spoken to.

        Raises:
            AgentNotConnected: It is not there.
        """
        self._find(agent)
        if not focused:
            self._focused = None if self._focused == agent else self._focused
            return
        self._focused = agent
        if follow:
            self.set_current(agent)

    def has_focus(self, agent: str) -> bool:
        """Whether the user looks at it."""
        return self._focused == agent

    # ---- what they are sent

    def deliver(self, agent: str, data: bytes, *, partial: bool = False) -> None:
        """Send an agent a message.

        Raises:
            AgentNotConnected: It is not there.
        """
        self._find(agent).put(data, partial=partial)

    def wants_partials(self, agent: str | None) -> bool:
        """Whether an agent is there that wants partial texts."""
        mailbox = None if agent is None else self._mailboxes.get(agent)
        return mailbox is not None and mailbox.partials

    def left_out(self) -> int:
        """Messages that readers were too slow for, until now."""
        return self.dropped + sum(mailbox.dropped for mailbox in self._mailboxes.values())

    # ---- who wants to know

    def watch(self, changed: Callable[[], object]) -> Callable[[], None]:
        """Have a function called whenever somebody comes or goes, or another is spoken to. Returns what ends that."""
        self._watchers.append(changed)
        return lambda: self._watchers.remove(changed)

    def close(self) -> None:
        """Let all go, as the daemon ends. Nobody is told, and nobody becomes the current one."""
        _close(self._mailboxes.values())

    def _is_preferred(self, agent: str) -> bool:
        return agent == self._preferred and self._clock() < self._prefer_until

    def _find(self, agent: str) -> Mailbox:
        mailbox = self._mailboxes.get(agent)
        if mailbox is None:
            _check_free(agent)
            raise AgentNotConnected(
                f"Agent '{agent}' not connected. It is once it reads its messages.", connected=self.connected
            )
        return mailbox

    def _tell(self) -> None:
        for changed in tuple(self._watchers):
            changed()


def _check(agent: str) -> None:
    _check_free(agent)
    if not agent or len(agent) > LONGEST_ID or not agent.isprintable():
        raise InvalidRequest(f"An agent's id has 1 to {LONGEST_ID} printable characters.")


def _check_free(agent: str) -> None:
    if agent.startswith("__") and agent.endswith("__"):
        raise AgentReserved(f"Agent id '{agent}' is reserved. Take one without underscores around it.")


def _close(mailboxes: Iterable[Mailbox]) -> None:
    for mailbox in mailboxes:
        mailbox.close()
