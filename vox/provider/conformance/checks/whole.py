"""The run as a whole: everything that came out of the provider, looked at once more when all is done."""

from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.outcome import Failed, Warned

__all__ = ["CHECKS"]

CHECKS = Checklist()

_NEEDS = ("start.models",)


@CHECKS.add(
    "stdout.pure",
    "Nothing but messages goes to stdout",
    rule="One JSON value per line; a line that is no JSON object is counted, logged and skipped.",
    mend="Print to stderr. The kit vox.provider sends prints there by itself.",
    needs=_NEEDS,
)
def stdout_pure(bench: Bench) -> None:
    """Looks at all lines of the whole run: each is a JSON object, or an array of them. Vox skips the others, but a
    library that prints in the middle of an answer would break it."""
    if bench.disorder.not_json:
        raise Failed(f"No JSON object: {bench.disorder.not_json[0]}")


@CHECKS.add(
    "stdout.strict",
    "Messages are JSON as the standard has it",
    rule="NaN and Infinity in numbers read as absent.",
    mend="Send null, or leave the member out: JSON has no NaN and no Infinity.",
    needs=_NEEDS,
)
def stdout_strict(bench: Bench) -> None:
    """Looks at all lines of the whole run: none has `NaN` or `Infinity` in it. Vox forgives them, other readers of the
    log do not."""
    if bench.disorder.not_strict:
        raise Failed(f"NaN or Infinity in: {bench.disorder.not_strict[0]}")


@CHECKS.add(
    "stdout.answers",
    "Every answer belongs to a request, and every request has one answer",
    rule="An answer to an unknown id, a second answer to one id: counted, logged, skipped.",
    mend="Answer each request once, with its own id as it came.",
    needs=_NEEDS,
)
def stdout_answers(bench: Bench) -> None:
    """Looks at all answers of the whole run: none has an id that was not asked, and none came twice. An id that came
    back as a string of the number is a warning."""
    if bench.disorder.unknown_ids:
        raise Failed(f"Nobody asked for: {bench.disorder.unknown_ids[0]}")
    if bench.disorder.twice:
        raise Failed(f"Answered for the second time: {bench.disorder.twice[0]}")
    if bench.disorder.text_ids:
        raise Warned(f"The id is a string, it was sent as a number: {bench.disorder.text_ids[0]}")


@CHECKS.add(
    "stdout.shapes",
    "Messages have the members of JSON-RPC 2.0",
    rule='An answer has "jsonrpc": "2.0", the id, and result or error {code, message, data?}.',
    mend='Send {"jsonrpc": "2.0", "id": …, "error": {"code": -32000, "message": "…"}}.',
    needs=_NEEDS,
)
def stdout_shapes(bench: Bench) -> None:
    """Looks at all messages of the whole run. No request comes from the provider, which Vox would refuse. An error that
    is a plain string, and a missing `"jsonrpc": "2.0"`, are warnings: Vox accepts both."""
    disorder = bench.disorder
    if disorder.requests:
        raise Failed(
            f"A provider may not send requests: {disorder.requests[0]}",
            "Vox answers none. To tell something on the way, send a notification: a method without an id.",
        )
    if disorder.bad_errors:
        raise Warned(f"An error should be an object with code and message: {disorder.bad_errors[0]}")
    if disorder.no_version:
        raise Warned(f'Without "jsonrpc": "2.0": {disorder.no_version[0]}')


@CHECKS.add(
    "stderr.amount",
    "It does not flood its log",
    rule="stderr is for diagnostics; it is always drained and kept in a log that rotates.",
    mend="Log less for each call.",
    needs=_NEEDS,
)
def stderr_amount(bench: Bench) -> None:
    """Counts what the whole run has written to stderr. More than a mebibyte is a warning: the log of a provider keeps
    the last few, and what matters would be gone soon."""
    bench.end()
    if bench.diagnostics > 1 << 20:
        raise Warned(f"{bench.diagnostics / (1 << 20):.1f} MiB in one run.")
