"""What is said to one agent, as `vox.client.agents.stream`, on an event loop."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from vox.client.agents.message import AgentMessage, message_of
from vox.client.agents.reading import SILENCE_S, EventReader, messages_path
from vox.client.connection import broken
from vox.client.discovery import Address
from vox.client.events import AGAIN_MAX_S, AGAIN_S
from vox.errors import AgentConflict, DaemonUnavailable

__all__ = ["AsyncListening"]

_READ_BYTES = 64 << 10
_CONNECT_S = 10.0  # a daemon lets an agent in within milliseconds


class AsyncListening:
    """The messages to one agent. It is connected from the beginning of its `async with` block, or the first look at it,
    on; leaving the block ends that.

    When the connection is lost, it is looked for again; what was said meanwhile is lost.

    Args:
        address: Gives where the daemon is; told whether it is asked for the first time, when it may start one.
        agent: Id of the agent, which nobody else has now.
        partials: Whether texts that are not finished are wanted, too.
        resume_s: Seconds to look for a daemon that went away.
    """

    def __init__(
        self, address: Callable[[bool], Awaitable[Address]], agent: str, *, partials: bool, resume_s: float
    ) -> None:
        self._address, self._resume_s = address, resume_s
        self._path = messages_path(agent, partials=partials)
        self._reader = EventReader(self._path)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._held = deque[AgentMessage]()
        self._begun = self._closed = False

    def __aiter__(self) -> "AsyncListening":
        return self

    async def __anext__(self) -> AgentMessage:
        """The next message; waits for it.

        Raises:
            AgentConflict, AgentReserved, InvalidRequest: The id cannot be had.
            DaemonUnavailable: There is no daemon, or it went away and none came back in time.
        """
        while not self._held:
            if self._closed:
                raise StopAsyncIteration
            if self._streams is None:
                await self._resume()
                continue
            try:
                await self._read(self._streams[0])
            except OSError:
                self._let_go()
        return self._held.popleft()

    async def aclose(self) -> None:
        """Be no agent any more; a task that waits for a message gets none. May be called more than once."""
        self.end()

    def end(self) -> None:
        """As `aclose`, without waiting."""
        self._closed = True
        self._held.clear()
        self._let_go()

    async def __aenter__(self) -> "AsyncListening":
        """Become the agent.

        Raises:
            AgentConflict, AgentReserved, InvalidRequest, DaemonUnavailable: As by the iterator.
        """
        if self._streams is None:
            await self._resume()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    # ---- inside

    async def _read(self, reader: asyncio.StreamReader) -> None:
        async with asyncio.timeout(SILENCE_S):
            data = await reader.read(_READ_BYTES)
        self._held.extend(told for told in map(message_of, self._reader.feed(data)) if told is not None)
        if not data:
            self._reader.end()

    async def _resume(self) -> None:
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + self._resume_s, AGAIN_S
        while not self._closed:
            if self._begun:
                await asyncio.sleep(pause)  # nobody tells when a daemon is back; two seconds at most, also when closed
                pause = min(2 * pause, AGAIN_MAX_S)
            try:
                return await self._connect()
            except (DaemonUnavailable, AgentConflict):  # a conflict with ourselves: the daemon still sees the old one
                if not self._begun or loop.time() > deadline:
                    raise

    async def _connect(self) -> None:
        address = await self._address(not self._begun)
        self._reader = EventReader(self._path)
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = self._streams = await asyncio.open_connection("127.0.0.1", address.port)
                writer.write(self._reader.request(address))
                while not self._reader.begun:
                    await self._read(reader)
        except OSError as error:
            self._let_go()
            raise broken(error) from error
        except BaseException:
            self._let_go()
            raise
        self._begun = True
        if self._closed:
            self._let_go()

    def _let_go(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
