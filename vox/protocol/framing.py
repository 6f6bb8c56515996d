"""Lines out of a byte stream, with a cap, without copying large ones.

The buffer is one anonymous memory map of the longest allowed line: virtual until touched, reused for every read, and
given back to the system after a large line. Fresh buffers would cost a page fault for every 4 KiB of audio, which is
most of the price of a 10 MiB answer. Only new bytes are searched for the newline.

Use: read into `writable()`, say how much came with `received(n)`, use the lines before the next `writable()`.
"""

import mmap

__all__ = ["DEFAULT_MAX_LINE", "LARGE_LINE", "LineBuffer", "LineTooLongError"]

DEFAULT_MAX_LINE = 64 << 20
"""Bytes of one line: about 25 minutes of 16-bit 16 kHz audio in base64."""

LARGE_LINE = 64 << 10
"""From here a line is handed out as a view of the buffer instead of a copy."""

_READ = 1 << 20  # one read: a full pipe at most, so that several providers share the loop
_KEEP = 1 << 20  # touched memory kept after a large line; more goes back to the system

_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}


class LineTooLongError(Exception):
    """A line grew past the cap; the stream cannot be trusted any further."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a line is longer than {limit} bytes")
        self.limit = limit


class LineBuffer:
    """Splits a byte stream into lines.

    Args:
        max_line: Bytes a line may have without its newline; memory never grows past this plus one read.
    """

    __slots__ = ("_begin", "_end", "_first", "_map", "_max_line", "_small", "_touched", "_view")

    def __init__(self, max_line: int = DEFAULT_MAX_LINE) -> None:
        self._max_line = max_line
        self._small = min(LARGE_LINE, max_line)
        self._map = mmap.mmap(-1, max_line + _READ, **_PRIVATE)
        self._view = memoryview(self._map)
        self._first = self._view[:_READ]  # the usual space of a read, made once
        self._begin = self._end = self._touched = 0

    @property
    def pending(self) -> int:
        """Bytes of the unfinished line."""
        return self._end - self._begin

    @property
    def swollen(self) -> bool:
        """Whether more memory is held than small lines need."""
        return self._touched > _KEEP

    def writable(self) -> memoryview:
        """Space for the next read. Lines handed out as views end here."""
        if self._begin:
            if self._begin == self._end and self._touched <= _KEEP:  # the usual case: nothing is left over
                self._begin = self._end = 0
                return self._first
            self._compact()
        return self._view[self._end : self._end + _READ]

    def shrink(self) -> None:
        """Give back what a large line needed, as soon as it is used up. Lines handed out as views end here."""
        if self._begin:
            self._compact()

    def received(self, count: int) -> list[bytes | memoryview]:
        """Take `count` bytes just written into `writable()` and return the lines they complete, without newlines.

        Raises:
            LineTooLongError: The unfinished line is over the cap.
        """
        new, end = self._end, self._end + count
        self._end = end
        if end > self._touched:
            self._touched = end
        if not self._begin and end <= self._small and self._view[end - 1] == 10:  # the usual case: whole small lines
            self._begin = end
            lines: list[bytes | memoryview] = self._map[:end].split(b"\n")  # type: ignore[assignment]
            lines.pop()
            return lines
        return self._split(new, end)

    def feed(self, data: bytes) -> list[bytes]:
        """`writable` and `received` in one, with copies: for transports that bring their own buffers.

        Raises:
            LineTooLongError: As `received`.
        """
        lines: list[bytes] = []
        for start in range(0, len(data), _READ):
            piece = data[start : start + _READ]
            self.writable()[: len(piece)] = piece
            lines += map(bytes, self.received(len(piece)))
        return lines

    def close(self) -> None:
        """Give the memory back. Views handed out before must be gone."""
        self._first.release()
        self._view.release()
        self._map.close()

    def _split(self, new: int, end: int) -> list[bytes | memoryview]:
        lines: list[bytes | memoryview] = []
        begin = self._begin
        cut = self._map.find(b"\n", new, end)
        while cut >= 0:
            line = self._view[begin:cut]
            lines.append(line if cut - begin > LARGE_LINE else bytes(line))
            begin = cut + 1
            cut = self._map.find(b"\n", begin, end)
        self._begin = begin
        if end - begin > self._max_line or any(len(line) > self._max_line for line in lines):
            raise LineTooLongError(self._max_line)
        return lines

    def _compact(self) -> None:
        rest = self._end - self._begin
        if rest:
            self._map.move(0, self._begin, rest)
        self._begin, self._end = 0, rest
        keep = max(_KEEP, -(-rest // mmap.PAGESIZE) * mmap.PAGESIZE)
        if self._touched > keep and hasattr(self._map, "madvise"):
            self._map.madvise(mmap.MADV_DONTNEED, keep, self._touched - keep)
            self._touched = keep
