"""Files of one JSON object per line, read from their end: what is newest is asked for most, and comes first.

A file that has grown over its size has moved aside to `.1`, `.2` … (`vox.log.RotatingFile`); together they are one
journal. A line that is not a JSON object, as a full disk or a killed process leaves one, is counted and passed over.
Imports nothing heavy: the command line reads journals too.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, cast

import orjson

__all__ = ["Journal"]

_BLOCK = 64 << 10  # bytes read at once; a line of some kilobytes is the rule


class Journal:
    """What one journal holds.

    Args:
        path: The file that is written; older ones lie beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = 0
        """Lines passed over so far, by whatever read this journal."""

    def newest_first(self, holding: bytes = b"") -> Iterator[dict[str, Any]]:
        """The records, the last written first. Nothing is read before it is asked for.

        Args:
            holding: Look only at lines with these bytes in them; all others are passed over unread.

        Raises:
            OSError: A file cannot be read.
        """
        with ExitStack() as stack:
            for file in self._opened(stack):
                for line in _backwards(file):
                    record = self._read(line) if holding in line else None
                    if record is not None:
                        yield record

    def remove(self, unwanted: Callable[[dict[str, Any]], bool]) -> int:
        """Take records out. A file is replaced whole, so that no reader ever sees half of it; one that loses nothing
        is not touched, and lines that cannot be read stay. Returns how many are gone.

        Raises:
            OSError: A file cannot be read or replaced.
        """
        return sum(self._thin(path, unwanted) for path in self._paths())

    def erase(self) -> int:
        """Remove everything, whatever it is. Returns how many records that were.

        Raises:
            OSError: A file cannot be removed.
        """
        count = sum(1 for _ in self.newest_first())
        for path in self._paths():
            path.unlink(missing_ok=True)
        return count

    def _paths(self) -> list[Path]:
        """The files there are, the newest first."""
        older = [path for path in self.path.parent.glob(f"{self.path.name}.*") if path.suffix[1:].isdecimal()]
        older.sort(key=lambda path: int(path.suffix[1:]))
        return [path for path in (self.path, *older) if path.is_file()]

    def _opened(self, stack: ExitStack) -> Iterator[IO[bytes]]:
        """The files, all opened before the first is read: one that moves aside meanwhile is not met twice."""
        seen: set[tuple[int, int]] = set()
        files: list[IO[bytes]] = []
        for path in self._paths():
            try:
                file = stack.enter_context(path.open("rb"))
            except FileNotFoundError:  # moved aside just now; it is met under its new name
                continue
            facts = os.fstat(file.fileno())
            if (facts.st_dev, facts.st_ino) not in seen:
                seen.add((facts.st_dev, facts.st_ino))
                files.append(file)
        return iter(files)

    def _thin(self, path: Path, unwanted: Callable[[dict[str, Any]], bool]) -> int:
        gone, fresh = 0, path.with_name(f".{path.name}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with path.open("rb") as old, os.fdopen(descriptor, "wb") as new:
                for line in old:
                    record = self._read(line)
                    if record is not None and unwanted(record):
                        gone += 1
                    else:
                        new.write(line)
                new.flush()
                os.fsync(new.fileno())
            if gone:
                fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        return gone

    def _read(self, line: bytes) -> dict[str, Any] | None:
        if not line.strip():
            return None
        try:
            value: Any = orjson.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
        self.unreadable += 1
        return None


def _backwards(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file from the last to the first, without their ends; of the file as it is when this begins."""
    position = file.seek(0, os.SEEK_END)
    later: list[bytes] = []  # the pieces of a line whose beginning has not been met, the last piece first
    while position:
        size = min(_BLOCK, position)
        position -= size
        file.seek(position)
        block = file.read(size)
        if b"\n" not in block:
            later.append(block)
            continue
        first, *lines = block.split(b"\n")
        yield lines.pop() + b"".join(reversed(later))
        yield from reversed(lines)
        later = [first]
    yield b"".join(reversed(later))
