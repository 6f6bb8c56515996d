"""Finding the daemon, or starting it, on an event loop."""

import asyncio

from vox.client.aio.channel import AsyncChannel, open_async_channel
from vox.client.aio.connection import AsyncConnection
from vox.client.api import NONE_RUNS
from vox.client.discovery import find
from vox.client.launch import GREETING, launch, silent
from vox.errors import DaemonUnavailable
from vox.paths import Home

__all__ = ["open_connection"]

_ANSWER_S = 10.0  # a daemon answers this in less than a millisecond, and in seconds on a machine out of breath


async def open_connection(home: Home, start: bool, start_timeout_s: float) -> AsyncConnection:
    """A connection to the daemon of `home`.

    Raises:
        DaemonUnavailable: None runs and none may be started, or it could not be, or it does not answer.
    """
    channel = await _greeted(home)
    if channel is None:
        if not start:
            raise DaemonUnavailable(NONE_RUNS.format(home=home.root))
        await asyncio.to_thread(_start, home, start_timeout_s)
        channel = await _greeted(home)
    if channel is None:
        raise DaemonUnavailable(f"The Vox daemon ended as soon as it had started. More in {home.daemon_log}")
    return AsyncConnection(channel)


async def _greeted(home: Home) -> AsyncChannel | None:
    """A channel on which the daemon has answered, as `vox.client.launch.connect`; None when there is none."""
    address = find(home)
    if address is None:
        return None
    try:
        channel = await open_async_channel(address)
    except OSError:
        return None
    try:
        async with asyncio.timeout(_ANSWER_S):
            await channel.send(GREETING)
            await channel.receive()
    except TimeoutError as error:
        await channel.close()
        raise silent(home, address.pid, _ANSWER_S) from error
    except OSError:
        await channel.close()
        return None
    except BaseException:
        await channel.close()
        raise
    return channel


def _start(home: Home, timeout_s: float) -> None:
    launch(home, timeout_s).close()
