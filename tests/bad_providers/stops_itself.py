"""Stops in the middle of a call, as if a debugger had caught it: it lives and does nothing."""

import os
import signal

from manners import Request, run


def act(_: Request) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


run(act)
