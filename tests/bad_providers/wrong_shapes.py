"""Answers that are no result: nothing, null, a list, a number, text that is a number, and an error that is a list."""

from itertools import cycle

from manners import Request, encode, run, write

shapes = cycle(
    [{}, {"result": None}, {"result": []}, {"result": 5}, {"result": {"text": 5, "audioBase64": 5}}, {"error": None}]
)


def act(request: Request) -> None:
    write(encode({"jsonrpc": "2.0", "id": request["id"], **next(shapes)}))


run(act)
