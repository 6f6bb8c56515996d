"""What a client can do with agents, as `vox.client.agents.api`, on an event loop."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from vox.client.agents.api import address_of, seconds_of
from vox.client.agents.door import Door
from vox.client.aio.listening import AsyncListening
from vox.client.discovery import Address
from vox.client.upkeep import RESUME_S
from vox.paths import Home

__all__ = ["AsyncAgents"]


class AsyncAgents(ABC):
    """The part of `AsyncClient` that talks with the daemon's OpenVIP door."""

    @property
    @abstractmethod
    def home(self) -> Home:
        """The home whose daemon this client talks to."""

    @abstractmethod
    async def connect(self) -> None:
        """Connect now, starting the daemon if that is allowed."""

    @abstractmethod
    def _until_closed(self, stream: AsyncListening) -> None:
        """End the stream when the client is closed."""

    def listen(self, agent: str, *, partials: bool = False, resume_s: float = RESUME_S) -> AsyncListening:
        """Be an agent: an async iterator of `AgentMessage`, what is said to it through the daemon's microphone, also
        across restarts of the daemon. It is one from the beginning of its `async with` block, or the first look at it,
        on.

        Args:
            agent: An id that no other agent has now.
            partials: Whether texts that are not finished are wanted, too.
            resume_s: Seconds to look for a daemon that went away; none is started for that.

        Raises:
            AgentConflict, AgentReserved, InvalidRequest: The id cannot be had; by the iterator.
            DaemonUnavailable: There is no daemon to ask; by the iterator.
        """
        stream = AsyncListening(self._whereabouts, agent, partials=partials, resume_s=resume_s)
        self._until_closed(stream)
        return stream

    async def say(
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
        the seconds it takes. Cancelling the waiting leaves the speech; `hush` ends it.

        Raises:
            InvalidRequest, ModelNotFound, VoiceNotFound: That cannot be spoken.
            SpeakerUnavailable: There is no loudspeaker.
            DaemonUnavailable: There is no daemon to ask.
            VoxError: The model failed.
        """
        door = await self._door()
        wanted = {"model": model, "voice": voice, "language": language, "speed": speed}
        return seconds_of(await asyncio.to_thread(door.say, text, **wanted))

    async def hush(self) -> None:
        """Silence what is being spoken with `say`, and drop what waits behind it.

        Raises:
            DaemonUnavailable: There is no daemon to ask.
        """
        await asyncio.to_thread((await self._door()).hush)

    async def tell_agent(self, agent: str, text: str, *ops: str) -> None:
        """Tell an agent a text as if it had been said, with the `ops` (`submit`, `newline`) behind it.

        Raises:
            AgentNotConnected: It is not there.
            InvalidRequest: There is no such op.
            DaemonUnavailable: There is no daemon to ask.
        """
        await asyncio.to_thread((await self._door()).send, agent, text, *ops)

    async def choose_agent(self, agent: str) -> None:
        """Have an agent be the one that is spoken to.

        Raises:
            AgentNotConnected: It is not there.
            DaemonUnavailable: There is no daemon to ask.
        """
        await asyncio.to_thread((await self._door()).control, f"output.set_agent:{agent}")

    async def agents(self) -> dict[str, Any]:
        """Who is connected and how things stand, as the Status of OpenVIP tells it: `connected_agents`, `stt`, `tts`,
        and in `platform` what is our own, such as `output.current_agent`.

        Raises:
            DaemonUnavailable: There is no daemon to ask.
        """
        return await asyncio.to_thread((await self._door()).status)

    async def _door(self) -> Door:
        address = await self._whereabouts(True)
        return Door(lambda: address)

    async def _whereabouts(self, first: bool) -> Address:
        if first:
            await self.connect()
        return address_of(self.home)
