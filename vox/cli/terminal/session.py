"""Between the user's terminal, the program's and the daemon: bytes go where they belong, until the program ends."""

import os
import select
import signal
import time
from contextlib import suppress
from typing import Any

from vox.cli.terminal.keys import Keyboard
from vox.cli.terminal.program import Program
from vox.cli.terminal.screen import Screen
from vox.cli.terminal.status_line import StatusLine
from vox.cli.terminal.typist import Typist
from vox.cli.terminal.voice import Told, Voice
from vox.cli.terminal.watcher import FOCUS_EVENTS, Watcher
from vox.client.agents.message import AgentMessage
from vox.errors import VoxError

__all__ = ["Session"]

_UNREAD = 64 << 10  # bytes for a program that does not read; then the keyboard waits, as on any terminal
_QUIET_S = 0.03  # without output, after which the program is taken to have written what it wanted
_ENDS = (signal.SIGTERM, signal.SIGHUP)
_HUNG_UP = 128 + signal.SIGHUP


class Session:
    """One run of one program.

    Args:
        focus: Whether the terminal is asked to tell when it has the keyboard, and the daemon told.
        status_line: Drawn, if there is one.
    """

    def __init__(
        self,
        screen: Screen,
        program: Program,
        voice: Voice,
        typist: Typist,
        keyboard: Keyboard,
        watcher: Watcher,
        *,
        focus: bool = True,
        status_line: StatusLine | None = None,
    ) -> None:
        self._screen, self._program, self._voice = screen, program, voice
        self._typist, self._keyboard, self._watcher = typist, keyboard, watcher
        self._line = status_line if screen.is_shown else None
        self._focus = focus and screen.is_shown and screen.has_keyboard
        self._outgoing = bytearray()  # typed, and not yet taken by the program
        self._ended_by: int | None = None
        self._is_open = self._has_keys = self._focus_lost = False
        self._wrote_at = float("-inf")
        self.failure: VoxError | None = None
        """Why the program was not spoken to any more."""

    def run(self) -> int:
        """Returns the program's exit status, or that of a signal that has ended this one. Whatever happens, the
        terminal is as it was afterwards."""
        waking, wakes = os.pipe()
        os.set_blocking(wakes, False)
        os.set_blocking(waking, False)
        before = {number: signal.signal(number, self._signalled) for number in _SIGNALS}
        others = signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        try:
            self._begin()
            return self._loop(waking)
        except OSError:  # nobody sees it any more
            return _HUNG_UP
        finally:
            self._finish()
            signal.set_wakeup_fd(others)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(waking)
            os.close(wakes)

    # ---- the two ends

    def _begin(self) -> None:
        self._is_open = self._has_keys = True
        self._screen.make_raw()
        if self._line is not None:
            self._resize()
            self._screen.write(self._line.begin())
        if self._focus:
            self._screen.write(b"\x1b[?%dh" % FOCUS_EVENTS)
            if self._screen.has_foreground():
                self._voice.focus(True)
        self._voice.start()

    def _finish(self) -> None:
        """Put everything back. Each part is done even where another fails: the terminal may be gone."""
        self._voice.close()
        ending = self._watcher.leave() + (self._line.end() if self._line is not None else b"")
        if self._focus:
            ending += b"\x1b[?%dl" % FOCUS_EVENTS
        with suppress(OSError):
            if self._screen.is_shown:
                self._screen.write(ending)
        self._screen.restore()
        self._program.end()

    # ---- the loop

    def _loop(self, waking: int) -> int:
        while True:
            status = self._program.poll()
            if status is not None:
                while self._show_output():
                    pass
                return status
            if self._ended_by is not None:
                return 128 + self._ended_by
            read, write = self._wait(waking)
            if waking in read:
                os.read(waking, 4096)
            if self._program.terminal in read:
                self._show_output()
            if self._screen.keyboard in read:
                self._take_keys()
            if self._voice.fileno() in read:
                for told in self._voice.take():
                    self._take(told)
            if not (self._outgoing or self._keyboard.pasting):
                self._outgoing += self._typist.type()
            if self._outgoing or write:
                del self._outgoing[: self._program.write(bytes(self._outgoing))]
            self._draw()

    def _wait(self, waking: int) -> tuple[list[int], list[int]]:
        reading = [waking, self._voice.fileno()]
        if self._is_open:
            reading.append(self._program.terminal)
        if self._has_keys and len(self._outgoing) < _UNREAD:
            reading.append(self._screen.keyboard)
        writing = [self._program.terminal] if self._outgoing else []
        times = [] if self._outgoing or self._keyboard.pasting else [self._typist.due_in()]
        if self._line is not None and self._line.due and self._watcher.is_between:
            times.append(max(0.0, self._wrote_at + _QUIET_S - time.monotonic()))
        within = min((seconds for seconds in times if seconds is not None), default=None)
        read, write, _ = select.select(reading, writing, [], within)
        return read, write

    def _show_output(self) -> bool:
        """Show what the program has written. Returns whether there was something."""
        data = self._program.read() if self._is_open else b""
        if data == b"":
            self._is_open = False
        if not data:
            return False
        told_focus = FOCUS_EVENTS in self._watcher.modes
        self._watcher.feed(data)
        self._focus_lost |= told_focus and FOCUS_EVENTS not in self._watcher.modes
        self._screen.write(data if self._line is None else self._line.pass_on(data))
        self._wrote_at = time.monotonic()
        return True

    def _take_keys(self) -> None:
        keys = b""
        with suppress(OSError):
            keys = self._screen.read()
        if not keys:
            self._has_keys = False
            return
        self._outgoing += self._keyboard.feed(keys)
        if self._keyboard.claimed:
            self._keyboard.claimed = False
            self._voice.claim()
        if self._keyboard.focused is not None and self._focus:
            self._voice.focus(self._keyboard.focused)
        self._keyboard.focused = None

    def _take(self, told: Told) -> None:
        if isinstance(told, AgentMessage):
            self._typist.take(told)
        elif isinstance(told, VoxError):
            self.failure = told
        elif self._line is not None:
            self._line.show(told)

    def _draw(self) -> None:
        """Write what is ours, where that disturbs nothing of the program's."""
        if not self._watcher.is_between:
            return
        if self._focus and self._focus_lost:
            self._focus_lost = False
            self._screen.write(b"\x1b[?%dh" % FOCUS_EVENTS)
        if self._line is not None and self._line.due and time.monotonic() >= self._wrote_at + _QUIET_S:
            self._screen.write(self._line.draw())

    # ---- signals

    def _signalled(self, number: int, _: Any) -> None:
        if number in _ENDS:
            self._ended_by = number
        elif number == signal.SIGWINCH:
            self._resize()
        elif number == signal.SIGCONT:  # whoever stopped us has made the terminal its own
            self._screen.make_raw()
            self._resize()

    def _resize(self) -> None:
        size = self._screen.size()
        if self._line is not None:
            size = self._line.within(size)
            self._watcher.margins_lost = True
        self._program.resize(size)


_SIGNALS = (signal.SIGWINCH, signal.SIGCHLD, signal.SIGCONT, *_ENDS)
