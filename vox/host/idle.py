"""How long a process is kept after it was last used.

The process of a provider is what holds models in memory, so it is kept as long as the model that is to be kept longest.
Being asked what it offers is no use of it: somebody who looks at a list every minute does not keep it.
"""

import math
from collections.abc import Mapping

__all__ = ["KeepAlive"]


class KeepAlive:
    """Counts the time since each model was used last.

    Args:
        default_s: Seconds a process is kept after its last use; negative keeps it for ever.
        of_models: The same for models that have times of their own.
    """

    def __init__(self, default_s: float, of_models: Mapping[str, float]) -> None:
        self._default, self._of = _seconds(default_s), {model: _seconds(kept) for model, kept in of_models.items()}
        self.ends = any(kept < math.inf for kept in (self._default, *self._of.values()))
        """Whether there is any end of being kept."""
        self._unused, self._until = math.inf, -math.inf

    def begin(self, now: float) -> None:
        """A process has been started; as long as it is not used, the default counts from here."""
        self._unused, self._until = now + self._default, -math.inf

    def used(self, model: str | None, now: float) -> None:
        """The process does something for a model, or has just done it."""
        if model is not None:
            self._until = max(self._until, now + self._of.get(model, self._default))

    @property
    def until(self) -> float:
        """When the process may go, unless it is in use then."""
        return self._unused if self._until == -math.inf else self._until


def _seconds(kept: float) -> float:
    return math.inf if kept < 0 else kept
