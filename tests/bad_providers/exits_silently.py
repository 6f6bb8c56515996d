"""Exits with status 0 when a call comes, without a word."""

import sys

from manners import Request, run


def act(_: Request) -> None:
    sys.exit(0)


run(act)
