"""An event loop whose time passes at once: a test of an hour takes no time, and nothing is ever a moment too late."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


class LeapingLoop(asyncio.SelectorEventLoop):
    """Whenever there is nothing to do before the next timer, it is that timer's time."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self.now


class _Leaping(selectors.SelectSelector):
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing will ever happen again: the test waits for what cannot come"
            self._loop.now += max(0.0, timeout)
        return ready


def run(main: Coroutine[Any, Any, T]) -> T:
    """`anyio.run` in such a loop: timers may start tasks then, also where sniffio is installed."""

    async def whole() -> T:
        return await main

    return anyio.run(whole, backend_options={"loop_factory": LeapingLoop})
