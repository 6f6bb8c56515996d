"""The processes of one entry, and which of them a call goes to.

One that has the call's model in memory comes first, then one that runs, and of these the one with the fewest calls
inside. Another process is started only when those that run are full; meanwhile calls wait in line for whoever has room
first, the new one or one of the old. One that is backing off after a crash, or holds a
call that it never answered, is passed over while there are others, and is back when it has recovered.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from vox.host.supervisor import Supervisor
from vox.protocol.provider import ModelsResult
from vox.runtime.capacity import Room

__all__ = ["Replica", "Replicas"]


class Replica(Room):
    """One process of an entry, with what is inside it."""

    __slots__ = ("_generation", "_loaded", "lost", "lost_of", "supervisor")

    def __init__(self, number: int, supervisor: Supervisor) -> None:
        super().__init__(number)
        self.supervisor = supervisor
        self.lost = 0
        """Calls inside that were given up and never answered."""
        self.lost_of: Counter[str] = Counter()
        """The same by model."""
        self._generation, self._loaded = 0, set[str]()

    def has(self, model: str) -> bool:
        """Whether the running process has used or preloaded the model."""
        return self._generation == self.supervisor.generation and model in self._loaded

    def loads(self, model: str) -> None:
        """The running process uses or preloads the model."""
        if self._generation != self.supervisor.generation:
            self._generation, self._loaded = self.supervisor.generation, set()
        self._loaded.add(model)

    @property
    def is_usable(self) -> bool:
        """Whether a call sent here has a fair chance."""
        return not self.lost and self.supervisor.state not in ("backing_off", "stopping")

    @property
    def is_opening(self) -> bool:
        """Whether it is being started, for calls that wait in line."""
        return self.supervisor.state == "starting"

    def rank(self, model: str) -> tuple[int, int, int]:
        """The lower, the better for a call of that model."""
        return self._nearness(model), self.in_use, self.number

    def _nearness(self, model: str) -> int:
        state = self.supervisor.state
        if state == "ready":
            return 0 if self.has(model) else 1
        return 2 if state == "starting" else 3


class Replicas:
    """All processes of one entry.

    Args:
        supervisors: Of each; at least one.
        on_models: Told what a new process answers to `models`.
    """

    def __init__(self, supervisors: Sequence[Supervisor], on_models: Callable[[ModelsResult], object]) -> None:
        self.all = [Replica(number, supervisor) for number, supervisor in enumerate(supervisors)]
        self.several = len(self.all) > 1
        self.on_recovered: Callable[[], object] | None = None
        """Told when there may be more of them to choose from than before."""
        self._recovery: asyncio.TimerHandle | None = None
        for supervisor in supervisors:
            supervisor.on_models = on_models
            if self.several:
                supervisor.on_start_over = self._tell

    @property
    def lead(self) -> Replica:
        """Who is asked what concerns them all: the first that runs, else the one to be started."""
        first = self.all[0]
        if first.supervisor.running is not None or not self.several:
            return first
        running = (replica for replica in self.all if replica.supervisor.running is not None)
        return next(running, min(self.all, key=lambda replica: (not replica.is_usable, replica.number)))

    @property
    def running(self) -> list[Replica]:
        """Those that have a live process."""
        return [replica for replica in self.all if replica.supervisor.running is not None]

    def choose(self, model: str, free: list[Replica]) -> Replica | None:
        """Of those that have room for a call of that model the best; None when it is better to wait for another.

        When none at all can be expected to serve it, one is named nevertheless: the call fails there at once, and its
        caller is told why and when to come back.
        """
        usable = [replica for replica in free if replica.is_usable]
        if usable:
            best = min(usable, key=lambda replica: replica.rank(model))
            if best.supervisor.running is None and any(one.is_usable for one in self.running):
                best.supervisor.begin()
                return None
            return best
        self._await_recovery(free)
        if any(replica.is_usable for replica in self.all):
            return None
        backing_off = [replica for replica in free if not replica.lost]
        return min(backing_off, key=lambda replica: replica.supervisor.retry_after_ms, default=None)

    def can_spare(self, replica: Replica) -> bool:
        """Whether another one may do what this one cannot."""
        return any(other.is_usable for other in self.all if other is not replica)

    def _await_recovery(self, replicas: list[Replica]) -> None:
        waits = [wait for replica in replicas if (wait := replica.supervisor.retry_after_ms)]
        if waits and self._recovery is None:
            self._recovery = asyncio.get_running_loop().call_later(min(waits) / 1000, self._recovered)

    def _recovered(self) -> None:
        self._recovery = None
        self._tell()

    def _tell(self) -> None:
        if self.on_recovered is not None:
            self.on_recovered()
