"""The lines themselves: what a provider must put up with, and what must not come out of it."""

from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.outcome import Warned
from vox.provider.conformance.session import Ended, Silent

__all__ = ["CHECKS"]

CHECKS = Checklist()

_NEEDS = ("models.list",)


@CHECKS.add(
    "lines.unknown-method",
    "A method it does not have is refused, or passed over",
    rule="Error -32601, or silence; nothing else may be affected.",
    mend='Answer {"code": -32601, "message": "no such method"}.',
    needs=_NEEDS,
)
def lines_unknown_method(bench: Bench) -> None:
    """Sends a method that nobody has. Error -32601 is right; silence is allowed, because the published example is
    silent. Another error, or a result, is a warning. `models` is answered afterwards."""
    try:
        answer = bench.call("vox/check", {}, bench.times.silence)
    except Silent:
        return _still_answers(bench)
    _still_answers(bench)
    if not answer.refused:
        raise Warned(f"It answered an unknown method with a result: {answer.result!r}.")
    if answer.error_code != -32601:
        raise Warned(f"The error for an unknown method is {answer.error!r}.")


@CHECKS.add(
    "lines.notification",
    "A message without an id is not answered",
    rule="A message without an id is a notification and wants no answer.",
    mend="Do not answer what has no id, whatever its method is.",
    needs=_NEEDS,
)
def lines_notification(bench: Bench) -> None:
    """Sends a notification with an unknown method, and one with a known method but no id. Neither is to be answered.
    Vox sends no notification that was not declared as a feature, so that an answer, or the provider's end, is a
    warning."""
    for method in ("vox/check", "models"):
        line = b'{"jsonrpc":"2.0","method":"%s","params":{}}' % method.encode()
        _outlives(bench, line, f"the notification {method}")
    if bench.disorder.no_ids:
        raise Warned(f"It answered a notification: {bench.disorder.no_ids[0]}")


@CHECKS.add(
    "lines.malformed",
    "A line that is no request does not end it",
    rule="A provider outlives what it cannot read.",
    mend="Parse inside the try block; answer with error -32700 and id null, or pass the line over.",
    needs=_NEEDS,
)
def lines_malformed(bench: Bench) -> None:
    """Sends an empty line, half a JSON object, words, a number, an object without a method, and bytes that are no
    UTF-8. Vox sends none of them, but people who try a provider by hand do, so that its end is a warning."""
    for line in (b"", b'{"jsonrpc": "2.0", "meth', b"hello", b"17", b'{"jsonrpc":"2.0"}', b'"\xff\xfe"'):
        _outlives(bench, line, f"the line {line!r}")


@CHECKS.add(
    "lines.batch",
    "A batch does not end it",
    rule="A provider outlives what it cannot read; JSON-RPC allows arrays of requests.",
    mend="Answer the requests in the array, or answer with error -32600 and id null.",
    needs=_NEEDS,
)
def lines_batch(bench: Bench) -> None:
    """Sends an array with one request. Vox sends none, so that the provider's end is a warning; an answer is welcome
    and not expected."""
    bench.session.expect(number := 900_000, "models")
    _outlives(bench, b'[{"jsonrpc":"2.0","id":%d,"method":"models","params":{}}]' % number, "a batch")


@CHECKS.add(
    "lines.byte-order",
    "Line ends of Windows and spaces in JSON are read",
    rule="One JSON value per line, UTF-8; \\r\\n tolerated.",
    mend="Use a JSON parser, not patterns, and strip the line.",
    needs=_NEEDS,
)
def lines_byte_order(bench: Bench) -> None:
    """Sends `models` with spaces after colons and commas, members in another order, and `\\r\\n` at its end. Vox writes
    compact JSON, so that no answer is a warning."""
    session = bench.session
    session.expect(number := 900_001, "models")
    session.send(b'{ "params": { }, "method": "models", "id": %d, "jsonrpc": "2.0" }\r' % number)
    try:
        session.wait(number, bench.times.silence)
    except (Silent, Ended) as failure:
        raise Warned(f"JSON that is written differently is not understood. {failure.message}") from None


def _outlives(bench: Bench, line: bytes, what: str) -> None:
    bench.session.send(line)
    try:
        _still_answers(bench)
    except (Silent, Ended) as failure:
        bench.end()
        raise Warned(f"After {what} it is gone. {failure.message}") from None


def _still_answers(bench: Bench) -> None:
    bench.succeeded(bench.call("models", {}, bench.times.ask), "models")
