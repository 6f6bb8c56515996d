"""What signals mean to the daemon: SIGINT and SIGTERM end it, SIGHUP has the configuration read again.

A daemon in the foreground of a terminal gets SIGHUP when that terminal is closed, and ends then too.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus

__all__ = ["Signals", "ignore_signals"]


class Signals:
    """Watches the signals of this process.

    Args:
        reload: Reads the configuration again.
    """

    def __init__(self, reload: Callable[[], object]) -> None:
        self.stop = asyncio.Event()
        """The daemon shall end."""
        self._reload = reload
        self._in_terminal = _has_terminal()

    async def watch(self, *, task_status: TaskStatus[None]) -> None:
        """Take every signal from now on. A second one while the daemon ends changes nothing."""
        if sys.platform == "win32":
            signal.signal(signal.SIGINT, lambda *_: self.stop.set())
            task_status.started()
            return
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP and not self._in_terminal:
                    if not self.stop.is_set():
                        self._reload()
                else:
                    self.stop.set()


def ignore_signals() -> None:
    """Everything is in order already; a late signal would only turn a clean exit into an unclean one."""
    for number in (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        signal.signal(number, signal.SIG_IGN)


def _has_terminal() -> bool:
    """Whether a terminal controls this process; asked early, because one that hangs up is gone when we are told."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
