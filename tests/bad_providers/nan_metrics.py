"""Numbers that are none: NaN, Infinity, negative ones, more digits than a float has, booleans, text."""

from manners import Request, answer, run, write

METRICS = b'"metrics":{"inferenceMs":NaN,"totalMs":-Infinity,"a":-1,"b":1e999,"c":true,"d":"5","e":%s,"kept":5}'


def act(request: Request) -> None:
    head, _, _ = answer(request).partition(b'"metrics"')
    write(head + METRICS % (b"9" * 400) + b"}}\n")


run(act)
