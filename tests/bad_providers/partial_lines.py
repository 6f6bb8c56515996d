"""Every answer comes in seven pieces, with a pause after each."""

import time

from manners import ALL, Request, answer, run, write


def act(request: Request) -> None:
    line = answer(request)
    size = -(-len(line) // 7)
    for begin in range(0, len(line), size):
        write(line[begin : begin + size])
        time.sleep(0.01)


run(act, only=ALL)
