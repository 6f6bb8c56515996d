"""What a client can do with agents: be one, talk to one, and speak on the daemon's loudspeaker."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from vox.client.discovery import Address, find
from vox.client.upkeep import RESUME_S
from vox.errors import DaemonUnavailable
from vox.paths import Home

if TYPE_CHECKING:
    from vox.client.agents.door import Door
    from vox.client.agents.stream import AgentStream

__all__ = ["WENT_AWAY", "Agents", "address_of", "seconds_of"]

WENT_AWAY = "The Vox daemon of {home} went away, and none came back. Start it with: vox daemon start"
"""What an agent is told that has waited long enough."""


class Agents(ABC):
    """The part of `Client` that talks with the daemon's OpenVIP door."""

    @property
    @abstractmethod
    def home(self) -> Home:
        """The home whose daemon this client talks to."""

    @abstractmethod
    def connect(self) -> None:
        """Connect now, starting the daemon if that is allowed."""

    def listen(self, agent: str, *, partials: bool = False, resume_s: float | None = RESUME_S) -> "AgentStream":
        """Be an agent: an iterator of `AgentMessage`, what is said to it through the daemon's microphone, also across
        restarts of the daemon. It is one from the beginning of its `with` block, or the first look at it, on.

        Args:
            agent: An id that no other agent has now.
            partials: Whether texts that are not finished are wanted, too.
            resume_s: Seconds to look for a daemon that went away; none is started for that. None: as long as it takes.

        Raises:
            AgentConflict, AgentReserved, InvalidRequest: The id cannot be had; by the iterator.
            DaemonUnavailable: There is no daemon to ask; by the iterator.
        """
        from vox.client.agents.stream import agent_stream

        return agent_stream(self.whereabouts, agent, partials=partials, resume_s=resume_s)

    def say(
        self,
        text: str,
        *,
        model: str | None = None,
        voice: str | None = None,
        language: str | None = None,
        speed: float | None = None,
    ) -> float:
        """Speak a text on the daemon's loudspeaker, behind what is being spoken there. The daemon does not listen
        meanwhile, unless it is told that its user wears headphones. Returns when it was heard, or after eight seconds,
        the seconds it takes.

        Raises:
            InvalidRequest, ModelNotFound, VoiceNotFound: That cannot be spoken.
            SpeakerUnavailable: There is no loudspeaker.
            DaemonUnavailable: There is no daemon to ask.
            VoxError: The model failed.
        """
        return seconds_of(self.door().say(text, model=model, voice=voice, language=language, speed=speed))

    def hush(self) -> None:
        """Silence what is being spoken with `say`, and drop what waits behind it.

        Raises:
            DaemonUnavailable: There is no daemon to ask.
        """
        self.door().hush()

    def tell_agent(self, agent: str, text: str, *ops: str) -> None:
        """Tell an agent a text as if it had been said, with the `ops` (`submit`, `newline`) behind it.

        Raises:
            AgentNotConnected: It is not there.
            InvalidRequest: There is no such op.
            DaemonUnavailable: There is no daemon to ask.
        """
        self.door().send(agent, text, *ops)

    def choose_agent(self, agent: str) -> None:
        """Have an agent be the one that is spoken to.

        Raises:
            AgentNotConnected: It is not there.
            DaemonUnavailable: There is no daemon to ask.
        """
        self.door().control(f"output.set_agent:{agent}")

    def agents(self) -> dict[str, Any]:
        """Who is connected and how things stand, as the Status of OpenVIP tells it: `connected_agents`, `stt`, `tts`,
        and in `platform` what is our own, such as `output.current_agent`.

        Raises:
            DaemonUnavailable: There is no daemon to ask.
        """
        return self.door().status()

    def door(self) -> "Door":
        """The door itself. The daemon is started first, if that is allowed.

        Raises:
            DaemonUnavailable: There is none; when it is asked.
        """
        from vox.client.agents.door import Door

        return Door(lambda: self.whereabouts(True))

    def whereabouts(self, first: bool) -> Address:
        """Where the daemon is.

        Args:
            first: Whether to start one, if that is allowed.

        Raises:
            DaemonUnavailable: There is none.
        """
        if first:
            self.connect()
        return address_of(self.home)


def address_of(home: Home) -> Address:
    """Where the daemon of a home says it is.

    Raises:
        DaemonUnavailable: None does.
    """
    address = find(home)
    if address is None:
        raise DaemonUnavailable(WENT_AWAY.format(home=home.root))
    return address


def seconds_of(answer: dict[str, Any]) -> float:
    """Length of a speech, of the answer of `Door.say`."""
    duration = answer.get("duration_ms")
    return duration / 1000 if isinstance(duration, int | float) else 0.0
