"""Making several checks at once, none of which can hold up the others."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import anyio
from anyio.to_thread import run_sync

from vox.daemon.doctor.check import Check
from vox.errors import VoxError

__all__ = ["CHECK_S", "Making", "in_thread", "make_all"]

CHECK_S = 8.0
"""Seconds a check may take. Clients give up after 30."""

Making = Callable[[], Awaitable[Iterable[Check]]]


async def make_all(makings: Mapping[str, Making], bound_s: float = CHECK_S) -> list[Check]:
    """Make checks side by side; they come in the order in which they were given.

    One that takes too long or fails is a warning under its name, and the others are not held up.
    """
    found: list[Sequence[Check]] = [()] * len(makings)

    async def make(index: int, name: str, making: Making) -> None:
        try:
            with anyio.fail_after(bound_s):
                found[index] = tuple(await making())
        except TimeoutError:
            told = f"not known: looking has taken longer than {bound_s:g} s"
            found[index] = (Check(name, "warning", told, ("Try again", "vox doctor; what hangs is told in: vox logs")),)
        except (VoxError, OSError) as error:
            found[index] = (Check(name, "warning", f"not known: {error}"),)

    async with anyio.create_task_group() as tasks:
        for index, (name, making) in enumerate(makings.items()):
            tasks.start_soon(make, index, name, making)
    return [check for checks in found for check in checks]


def in_thread(look: Callable[..., Iterable[Check]], *arguments: Any) -> Making:
    """A check that waits for the system."""
    return lambda: run_sync(partial(look, *arguments), abandon_on_cancel=True)
