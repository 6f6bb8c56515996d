"""Every answer comes in a batch, between a number, an empty batch, a notification and an answer to nobody."""

import json

from manners import ALL, Request, answer, encode, run, write


def act(request: Request) -> None:
    note = {"jsonrpc": "2.0", "method": "log", "params": {"text": "hello"}}
    stranger = {"jsonrpc": "2.0", "id": 4711, "result": {}}
    write(encode([]) + encode([1, note, stranger, json.loads(answer(request)), None]))


run(act, only=ALL)
