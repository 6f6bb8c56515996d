"""What every host of the benchmark does, whatever it is made of. Standard library only: the peers' own environments
import it too."""

import abc
import asyncio
from collections.abc import Sequence

__all__ = ["MODEL", "PATH", "Host"]

MODEL = "bench:v1"
PATH = "/bench/" + "0123456789abcdef" * 6 + ".wav"
"""The small call's parameter, and its answer: with the envelope about 200 bytes each way."""


class Host(abc.ABC):
    """One provider child behind one host."""

    @abc.abstractmethod
    async def open(self, command: Sequence[str]) -> None:
        """Start the child and have its first answer."""

    @abc.abstractmethod
    async def small(self) -> str:
        """One small call; the text that came back."""

    @abc.abstractmethod
    async def large(self, size: int) -> bytes | memoryview:
        """One answer with `size` bytes of audio, decoded. (The bare transfer: the line as it came.)"""

    @abc.abstractmethod
    async def close(self) -> None:
        """End the child and leave nothing behind."""

    async def many(self, calls: int, in_flight: int) -> None:
        """`calls` small calls, `in_flight` of them at a time."""

        async def loop(share: int) -> None:
            for _ in range(share):
                await self.small()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(in_flight):
                tasks.create_task(loop(calls // in_flight))
