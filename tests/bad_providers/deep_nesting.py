"""A result nested 100 levels deep, then one of 100 000, then a good one."""

from itertools import chain, repeat

from manners import Request, answer, run, write

depths = chain([100, 100_000], repeat(0))


def act(request: Request) -> None:
    depth = next(depths)
    if not depth:
        write(answer(request))
        return
    deep = b'{"text":"deep","a":' + b"[" * depth + b"]" * depth + b"}"
    write(b'{"jsonrpc":"2.0","id":%d,"result":%s}\n' % (request["id"], deep))


run(act)
