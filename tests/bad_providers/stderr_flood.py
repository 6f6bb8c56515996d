"""Four megabytes of diagnostics, in one line, before every answer."""

import os

from manners import Request, answer, run, write


def act(request: Request) -> None:
    for _ in range(64):
        os.write(2, b"x" * (64 << 10))
    write(answer(request))


run(act)
