"""Around every answer there is what a library might print: no UTF-8, NUL bytes, half of a JSON value, empty lines."""

from manners import ALL, Request, answer, run, write

GARBAGE = (
    b"\xff\xfe\xfd",
    b"\x00\x01\x02",
    b'{"jsonrpc":"2.0","id":1,"resu',
    b"",
    b"\r",
    b"Loading weights: 12%|\xe2\x96\x88   | 1.2G/9.9G \x1b[31m",
    b'"id"',
    b"[" * 5000,
    b"9" * 5000,
    b'{"id":true,"result":1}',
    b'{"id":"%s","result":1}' % (b"9" * 5000),
)


def act(request: Request) -> None:
    write(b"\n".join(GARBAGE) + b"\n" + answer(request) + b"\n".join(GARBAGE) + b"\n")


run(act, only=ALL)
