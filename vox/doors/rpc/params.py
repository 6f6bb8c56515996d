"""The parameters of a request, as a client wrote them."""

import math
import os
from pathlib import Path
from typing import Any, cast

from vox.doors.rpc.handler import Emit
from vox.errors import InvalidRequest
from vox.runtime.positions import OnWait, Waiting
from vox.runtime.requests import Caller

__all__ = ["Params"]


class Params:
    """The parameters of a request, read with type checks."""

    def __init__(self, values: dict[str, Any], method: str, classic: bool) -> None:
        self._values = values
        self.classic = classic
        self._method = method

    def caller(self, emit: Emit) -> Caller:
        """Who calls, how urgently, and where the place in the waiting line is told to those who ask for events."""
        client, priority = self._values.get("clientId"), self.text("priority") or "interactive"
        if priority not in ("interactive", "batch"):
            raise InvalidRequest(f"priority is {priority!r}; it must be interactive or batch.")
        told = [name for name in ("progress", "stream", "partials") if self.flag(name)]
        name = client if isinstance(client, str) and client else "unknown"
        return Caller(name, self._method, priority, _position_emitter(emit) if told else None)

    def value(self, name: str) -> Any:
        """What the client wrote, whatever it is."""
        return self._values.get(name)

    def given(self, name: str) -> bool:
        """Whether the client said anything about it."""
        return self._values.get(name) is not None

    def text(self, name: str, *, blank: bool = False, key: str | None = None) -> str | None:
        """A string, trimmed; None when it is absent or, unless `blank`, empty."""
        value = self._values.get(key or name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidRequest(f"{name} must be a string.")
        return value if blank else value.strip() or None

    def path(self, name: str) -> Path | None:
        """A path as the daemon's user would write it; what it names is looked at later, off the loop."""
        written = self.text(name)
        try:
            return Path(os.path.expanduser(written)) if written else None
        except ValueError:  # a NUL in the name of a user: nothing has such a path
            return Path(written or "")

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of strings."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in cast("list[Any]", value)):
            raise InvalidRequest(f"{name} must be a list of strings.")
        return tuple(cast("list[str]", value))

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise InvalidRequest(f"{name} must be true or false.")
        return value

    def number(self, name: str, least: float = -math.inf, most: float = math.inf) -> float | None:
        """A number within bounds."""
        value = self._values.get(name)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or not least <= value <= most:
            raise InvalidRequest(f"{name} must be a number" + (f" from {least} to {most}." if most < math.inf else "."))
        return float(value)

    def seconds(self, name: str) -> float | None:
        """A count of milliseconds, as seconds."""
        value = self.number(name, 0, 86_400_000)
        return None if value is None else value / 1000

    def object(self, name: str) -> dict[str, Any]:
        """An object; empty when absent."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, dict):
            raise InvalidRequest(f"{name} must be an object.")
        return cast("dict[str, Any]", value or {})


def _position_emitter(emit: Emit) -> OnWait:
    def tell(waiting: Waiting) -> None:
        emit(
            "queue.position",
            {
                "position": waiting.position,
                "queued": waiting.queued,
                "limit": waiting.limit,
                "inUse": waiting.in_use,
                "retryAfterMs": waiting.retry_after_ms,
            },
        )

    return tell
