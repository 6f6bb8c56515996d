"""Work that a request stands for: it ends when the client that asked has gone."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from starlette.types import Receive

from vox.errors import Cancelled, VoxError

__all__ = ["wait_until_gone", "while_present"]

_T = TypeVar("_T")


async def while_present(receive: Receive, work: Callable[[], Awaitable[_T]]) -> _T:
    """The result of `work`, which is cancelled when the client goes. The request's body must have been read.

    Raises:
        Cancelled: The client is gone.
        VoxError: As `work`.
    """
    outcome: list[_T | VoxError] = []

    async def watch() -> None:
        await wait_until_gone(receive)
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            outcome.append(await work())
        except VoxError as error:  # carried out by hand: a task group would wrap it
            outcome.append(error)
        tasks.cancel_scope.cancel()
    if not outcome:
        raise Cancelled("The client is gone.")
    if isinstance(outcome[0], VoxError):
        raise outcome[0]
    return outcome[0]


async def wait_until_gone(receive: Receive) -> None:
    """Return when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
