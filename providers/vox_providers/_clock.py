"""The time of a call to somewhere else: how much is left of it, and waiting that ends with it or with the call."""

from __future__ import annotations

import time

from vox.provider import Call, ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Coroutine
    from typing import Any, TypeVar

    T = TypeVar("T")

__all__ = ["Clock"]

_LOOK_S = 0.05  # how soon a cancelled call ends its waiting


class Clock:
    """The time of one call, running from now.

    Args:
        what: What is timed, as the message names it: `OpenAI TTS request`.
        seconds: How long it may take.
        call: Whose cancellation ends the waiting; none for questions that cannot be cancelled.
    """

    def __init__(self, what: str, seconds: float, call: Call | None = None) -> None:
        self._what = what
        self._seconds = seconds
        self._call = call
        self._end = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds that remain, below 0 when they are over."""
        return self._end - time.monotonic()

    def check(self) -> None:
        """Go on only while there is time and somebody waits.

        Raises:
            ProviderError: The time is over (`provider_timeout`), or the call was cancelled.
        """
        if self._call is not None:
            self._call.raise_if_cancelled()
        if self.left_s <= 0:
            raise ProviderError(f"{self._what} timed out after {_told(self._seconds)}.", code="provider_timeout")

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than `check` allows."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(rest, _LOOK_S))

    def run(self, work: Coroutine[Any, Any, T], loop: AbstractEventLoop) -> T:
        """The result of `work`, which runs in `loop` and is given up when `check` raises."""
        from asyncio import run_coroutine_threadsafe
        from concurrent.futures import wait

        try:
            self.check()  # a server that is quick enough would never be waited for
        except BaseException:
            work.close()
            raise
        future = run_coroutine_threadsafe(work, loop)
        try:
            while not wait([future], max(0.0, min(self.left_s, _LOOK_S))).done:
                self.check()
        except BaseException:
            future.cancel()
            raise
        return future.result()


def _told(seconds: float) -> str:
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"
