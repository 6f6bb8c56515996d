"""The end of a log, and what is added to it."""

import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["grown", "tail"]

_FOLLOW_EVERY_S = 0.2
_MAX_BYTES = 4 << 20  # of one file; more lines than that holds are not shown


def tail(log: Path, lines: int) -> tuple[list[str], int]:
    """The last lines, and where the file ended. Those that have moved aside with the file before count too.

    Raises:
        OSError: A file cannot be read.
    """
    found, size = _end_of(log)
    if len(found) < lines:
        found = _end_of(log.with_name(f"{log.name}.1"))[0] + found
    return found[len(found) - lines :] if lines < len(found) else found, size


def grown(log: Path, offset: int) -> Iterator[str]:
    """What is added, for ever; a file that has moved aside is followed by the new one of its name."""
    while True:
        try:
            with log.open("rb") as file:
                if file.seek(0, 2) < offset:
                    offset = 0
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            data, offset = b"", 0
        if data:
            offset += len(data)
            yield data.decode("utf-8", "replace")
        else:
            time.sleep(_FOLLOW_EVERY_S)


def _end_of(log: Path) -> tuple[list[str], int]:
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _MAX_BYTES))
            data = file.read()
    except FileNotFoundError:
        return [], 0
    return data.decode("utf-8", "replace").splitlines(), size
