"""Closes its input when the first call comes, and lives on without answering it."""

import os
import signal

from manners import Request, run


def act(_: Request) -> None:
    os.close(0)
    signal.pause()


run(act)
