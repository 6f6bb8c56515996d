"""Answers one call, closes its input and exits: what a shell script without a loop does."""

import os
import sys

from manners import Request, answer, run, write


def act(request: Request) -> None:
    os.close(0)
    write(answer(request))
    sys.exit(0)


run(act)
