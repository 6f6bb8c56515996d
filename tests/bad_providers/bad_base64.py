"""Audio whose base64 is broken in one way after the other: a blank, the other alphabet, cut short, no text at all."""

import base64
from itertools import cycle

from manners import WAV, Request, answer, run, usual, write

GOOD = base64.b64encode(WAV).decode("ascii")
LONG = base64.b64encode(WAV * 40).decode("ascii")  # long enough for the way that large answers take
broken = cycle([GOOD[:80] + " " + GOOD[80:], "-_" + GOOD[2:], GOOD[:-3], "", None, 5, LONG[:-1] + "!", LONG[:-2]])


def act(request: Request) -> None:
    write(answer(request, {**usual(request), "audioBase64": next(broken)}))


run(act)
