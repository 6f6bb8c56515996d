"""What a command does that a supervisor, or the end of its terminal, ends."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NoReturn

__all__ = ["left_on_signals"]


@contextmanager
def left_on_signals() -> Generator[None]:
    """Have a signal that ends this program end it as an exception would, so that what is to be done at the end is done;
    with the status that a shell shows for it. A signal that is ignored, as below `nohup`, stays ignored."""
    before: dict[int, Any] = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, _leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)
