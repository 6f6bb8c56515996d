"""What a command says: results on stdout, everything else on stderr, and errors with the exit status of the table."""

import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import IO, Any, NoReturn

from vox.errors import VoxError

__all__ = ["NOT_FOUND", "Output", "ProgressLine", "as_json", "end_with_closed_pipe", "printable"]

NOT_FOUND = 1
"""Exit status when there is nothing wrong, but nothing was found either: no speech, not ready, not running."""

_STATUS_MARGIN = 3  # columns: the mark of a status, and the cursor
_PIPE_CLOSED = 128 + 13  # what a shell shows for a program that SIGPIPE has ended


class Output:
    """The two streams of a command.

    Args:
        json: Print one JSON object instead of text; errors too go to stdout then.
        quiet: Say nothing on stderr but errors.
        debug: Show where an error comes from.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False, debug: bool = False) -> None:
        self.json, self.quiet, self.debug = json, quiet, debug
        self._status = ""

    # ---- stdout

    def line(self, text: str = "", style: str = "") -> None:
        """A line, or several, of the result. What could steer a terminal is left out: it came from a provider.

        Args:
            style: SGR parameters, used where the terminal shows colours.
        """
        self._clear()
        sys.stdout.write(_styled(printable(text), style, sys.stdout) + "\n")
        sys.stdout.flush()

    def text(self, text: str) -> None:
        """A finished document, which brings its own line ends."""
        self._clear()
        sys.stdout.write(printable(text))
        sys.stdout.flush()

    def object(self, value: dict[str, Any]) -> None:
        """The result as one JSON object."""
        self._clear()
        sys.stdout.write(as_json(value) + "\n")
        sys.stdout.flush()

    # ---- stderr

    def note(self, text: str) -> None:
        """Something a person may want to know."""
        if not self.quiet:
            self._clear()
            print(printable(text), file=sys.stderr, flush=True)

    @property
    def has_status(self) -> bool:
        """Whether `status` shows anything."""
        return not self.quiet and _is_terminal(sys.stderr)

    def status(self, text: str) -> None:
        """What is going on just now: one line on a terminal, gone with the next thing said; else nothing."""
        if self.has_status:
            self._clear()
            self._status = printable(text)
            print(f"{self._status} …", end="", file=sys.stderr, flush=True)

    def follow(self, doing: str) -> Callable[[str, dict[str, Any]], None]:
        """Status of a call that does this, and of where it stands while it waits for its turn. Takes its events."""
        self.status(doing)

        def show(event: str, data: dict[str, Any]) -> None:
            if event == "queue.position":
                places = {0: "", 1: ": waiting, next"}
                self.status(doing + places.get(data["position"], f": waiting, {data['position'] - 1} before you"))

        return show

    def partial(self, text: str) -> None:
        """The end of a text that grows, as much of it as a line of the terminal holds."""
        import shutil
        from unicodedata import east_asian_width

        room = shutil.get_terminal_size().columns - _STATUS_MARGIN
        shown = printable(text).replace("\n", " ")
        start = len(shown)
        while start and (room := room - (2 if east_asian_width(shown[start - 1]) in "WF" else 1)) >= 0:
            start -= 1
        self.status(shown[start:])

    def error(self, error: VoxError, name: str = "") -> None:
        """An error, on stderr; the caller prints it as JSON where that is wanted."""
        self._clear()
        head = _styled("error:", "31;1", sys.stderr)
        print(f"{head} {printable(f'{name}: ' if name else '')}{printable(error.message)}", file=sys.stderr, flush=True)

    def progress(self) -> "ProgressLine":
        """How far something has come, as a context: a bar on a terminal, a line for each tenth elsewhere."""
        self._clear()
        return ProgressLine(quiet=self.quiet, bar=_is_terminal(sys.stderr))

    def _clear(self) -> None:
        if self._status:
            self._status = ""
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


class ProgressLine:
    """Shows progress events until the context ends."""

    def __init__(self, *, quiet: bool, bar: bool) -> None:
        self._quiet, self._with_bar = quiet, bar and not quiet
        self._said = (-1, "")
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "ProgressLine":
        if self._with_bar:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=1.0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, event: str, data: dict[str, Any]) -> None:
        """One event of a running call; what is not progress is passed over."""
        if event != "models.progress" or self._quiet:
            return
        fraction, status = float(data.get("progress", 0)), printable(str(data.get("status", "")))
        if self._bar is not None:
            from rich.markup import escape

            self._bar.update(self._task, completed=fraction, description=escape(f"{data['modelId']} {status}"))
        elif (said := (int(fraction * 10), status)) != self._said:
            self._said = said
            print(f"{data['modelId']} {fraction:.0%} {status}".rstrip(), file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """The text without terminal sequences and without control characters but tab and line end; what can be written."""
    return _SEQUENCE.sub("", text).translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


def as_json(value: dict[str, Any]) -> str:
    """One JSON object, readable, in which only JSON itself can steer anything."""
    import json

    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.translate(_ESCAPED).encode("utf-8", "replace").decode("utf-8")


def end_with_closed_pipe() -> NoReturn:
    """End quietly because whoever read our results is gone; what is still buffered must not fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(_PIPE_CLOSED)


def _other_controls() -> Iterable[int]:
    """C0 without tab and line feed, DEL, C1."""
    return [*range(9), *range(11, 32), *range(127, 160)]


_SEQUENCE = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")  # colours above all: without its first byte one would be litter
_CONTROLS = dict.fromkeys(_other_controls())
_ESCAPED = {code: f"\\u{code:04x}" for code in range(127, 160)}  # JSON itself has escaped C0 already


def _styled(text: str, style: str, stream: IO[str]) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if style and _has_colours(stream) else text


def _is_terminal(stream: IO[str]) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _has_colours(stream: IO[str]) -> bool:
    return _is_terminal(stream) and not os.environ.get("NO_COLOR")
