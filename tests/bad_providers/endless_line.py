"""Writes 400 megabytes without a newline instead of an answer."""

import os

from manners import Request, run

PIECE = memoryview(b"x" * (1 << 20))


def act(_: Request) -> None:
    for _ in range(400):
        os.write(1, PIECE)


run(act)
