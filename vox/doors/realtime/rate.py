"""How much each key may ask for: a number of requests a minute, which come back evenly.

A request is a session that is opened, a secret that is made, or a response that is asked for. A key that has asked for
nothing in a minute may ask for all of them at once.
"""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["NOBODY", "Allowance", "Rates", "name_of"]

NOBODY = "nobody"
"""Who brings no key, or one that nobody asked for: all of them together."""

_MINUTE_S = 60.0
_MOST = 4096  # keys remembered at once; past it, those who have their whole budget are forgotten


def name_of(key: str | None) -> str:
    """What a key is called here: nothing it can be guessed from."""
    return NOBODY if key is None else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


@dataclass(slots=True)
class _Budget:
    left: float
    at: float


class Rates:
    """The budgets of all keys.

    Args:
        limit: Requests a minute, as set at the moment; None for any number.
        clock: Seconds that only ever go forward.
    """

    def __init__(self, limit: Callable[[], int | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._budgets: dict[str, _Budget] = {}

    def take(self, key: str) -> float:
        """Take one request off a key's budget. Seconds to wait when there is none left, else 0, and it is taken."""
        limit = self._limit()
        if limit is None:
            return 0.0
        budget = self._refilled(key, limit)
        if budget.left < 1:
            return (1 - budget.left) * _MINUTE_S / limit
        budget.left -= 1
        return 0.0

    def shape(self, key: str) -> list[dict[str, Any]]:
        """`rate_limits` of the event `rate_limits.updated`; empty where nothing is limited."""
        limit = self._limit()
        if limit is None:
            return []
        left = self._refilled(key, limit).left
        reset_s = (limit - left) * _MINUTE_S / limit
        return [
            {"name": "requests", "limit": limit, "remaining": math.floor(left), "reset_seconds": round(reset_s, 3)},
        ]

    def of(self, key: str) -> "Allowance":
        """The budget of one key."""
        return Allowance(self, key)

    def _refilled(self, key: str, limit: int) -> _Budget:
        now = self._clock()
        budget = self._budgets.get(key)
        if budget is None:
            self._forget(limit, now)
            budget = self._budgets[key] = _Budget(limit, now)
        budget.left = min(limit, budget.left + (now - budget.at) * limit / _MINUTE_S)
        budget.at = now
        return budget

    def _forget(self, limit: int, now: float) -> None:
        """Those who have it all by now are as those who never came."""
        if len(self._budgets) >= _MOST:
            self._budgets = {
                key: budget
                for key, budget in self._budgets.items()
                if budget.left + (now - budget.at) * limit / _MINUTE_S < limit
            }


@dataclass(frozen=True, slots=True)
class Allowance:
    """One key's budget."""

    rates: Rates
    key: str

    def take(self) -> float:
        """As `Rates.take`."""
        return self.rates.take(self.key)

    def shape(self) -> list[dict[str, Any]]:
        """As `Rates.shape`."""
        return self.rates.shape(self.key)
