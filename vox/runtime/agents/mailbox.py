"""Messages on their way to one agent, within bounds: whoever sends never waits, and nobody's memory is filled."""

from collections import deque
from collections.abc import Callable

__all__ = ["BOUND", "OVERHEAD", "Mailbox"]

BOUND = 1_250_000
"""Bytes of messages that may wait. With what lies in the connection before them, and between them in the process's
memory, a reader that never reads costs 2 MB."""

OVERHEAD = 128
"""Bytes a waiting message counts beyond its own: what Python keeps of it."""


class Mailbox:
    """A queue of encoded messages with one reader. When it is full, partial texts go first, then the oldest.

    Args:
        partials: Whether its agent wants partial texts.
        bound: Bytes that may wait.
    """

    __slots__ = (
        *("_bound", "_closed", "_count", "_finals", "_partials"),
        *("dropped", "partials", "reader", "size"),
    )

    def __init__(self, *, partials: bool = False, bound: int = BOUND) -> None:
        self.partials = partials
        self.dropped = 0
        """Messages that were left out."""
        self.size = 0
        """Bytes that wait, `OVERHEAD` included."""
        self.reader: Callable[[], object] | None = None
        """Called in the very moment in which something is put in, or it is closed; pulls what there is."""
        self._bound = bound
        # Each kind apart, numbered, so that dropping a partial costs the same wherever it stands.
        self._finals, self._partials = deque[tuple[int, bytes]](), deque[tuple[int, bytes]]()
        self._count = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing more comes than what waits."""
        return self._closed

    def __len__(self) -> int:
        return len(self._finals) + len(self._partials)

    def put(self, data: bytes, *, partial: bool = False) -> None:
        """Add a message. Does not wait; on a mailbox that is closed it does nothing.

        Args:
            partial: Whether a later message says it better.
        """
        if self._closed:
            return
        self._count += 1
        (self._partials if partial else self._finals).append((self._count, data))
        self.size += len(data) + OVERHEAD
        while self.size > self._bound:
            self._drop()
        self._tell()

    def pull(self) -> bytes | None:
        """The next message if there is one now."""
        finals, partials = self._finals, self._partials
        if not finals and not partials:
            return None
        queue = partials if not finals or (partials and partials[0][0] < finals[0][0]) else finals
        data = queue.popleft()[1]
        self.size -= len(data) + OVERHEAD
        return data

    def close(self) -> None:
        """Take nothing more in; what waits may still be read. May be called again."""
        self._closed = True
        self._tell()

    def _tell(self) -> None:
        if self.reader is not None:
            self.reader()

    def _drop(self) -> None:
        data = (self._partials or self._finals).popleft()[1]
        self.size -= len(data) + OVERHEAD
        self.dropped += 1
