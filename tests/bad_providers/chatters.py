"""Around every answer, ten thousand notifications that nobody knows and a thousand requests to the host."""

from manners import Request, answer, encode, run, write

NOTES = b"".join(encode({"jsonrpc": "2.0", "method": f"note/{n % 7}", "params": {"n": n}}) for n in range(10_000))
ASKED = b"".join(encode({"jsonrpc": "2.0", "id": f"q{n}", "method": "sampling", "params": {}}) for n in range(1000))


def act(request: Request) -> None:
    write(NOTES + ASKED + answer(request) + NOTES)


run(act)
