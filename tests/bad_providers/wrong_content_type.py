"""Says FLAC and sends WAV, says WAV and sends text, in turn."""

import base64
from itertools import cycle

from manners import WAV, Request, answer, run, usual, write

lies = cycle([("audio/flac", WAV), ("audio/wav", b"this is no audio"), ("text/html", b"<html></html>")])


def act(request: Request) -> None:
    kind, audio = next(lies)
    result = {**usual(request), "contentType": kind, "audioBase64": base64.b64encode(audio).decode("ascii")}
    write(answer(request, result))


run(act)
