"""Running the checks, one after the other, whatever each of them meets."""

import fnmatch
from collections.abc import Callable, Iterator, Sequence
from time import monotonic

from vox.provider.conformance.bench import METHODS, Bench
from vox.provider.conformance.check import Check
from vox.provider.conformance.checks import CHECKS
from vox.provider.conformance.outcome import Failed, NotOffered, NotRun, Outcome, Result, Warned

__all__ = ["choose", "run"]


def run(bench: Bench, told: Callable[[Result], None] = lambda result: None, only: Sequence[str] = ()) -> list[Result]:
    """The results of the checks, in their order. When it returns, no process of the provider is left.

    Args:
        told: Called with each result as it comes.
        only: Ids, or patterns such as `end.*`, of the checks to run; what they need is run with them.

    Raises:
        ValueError: A pattern of `only` fits no check.
    """
    results: list[Result] = []
    with bench:
        for result in _run_all(bench, choose(only)):
            told(result)
            results.append(result)
    return results


def choose(only: Sequence[str]) -> list[Check]:
    """The checks that the patterns fit, with all they need; every check without patterns.

    Raises:
        ValueError: A pattern fits no check.
    """
    if not only:
        return CHECKS
    by_id = {check.id: check for check in CHECKS}
    wanted: list[str] = []
    for pattern in only:
        fitting = fnmatch.filter(by_id, pattern)
        if not fitting:
            raise ValueError(f"There is no check {pattern!r}. There are: {', '.join(by_id)}.")
        wanted += fitting
    for name in wanted:  # grows while it is walked: what is needed may need more
        wanted += [need for need in by_id[name].needs if need not in wanted]
    return [check for check in CHECKS if check.id in wanted]


def _run_all(bench: Bench, checks: Sequence[Check]) -> Iterator[Result]:
    outcomes: dict[str, Outcome] = {}
    for check in checks:
        missing = [need for need in check.needs if outcomes.get(need) not in ("pass", "warning")]
        begun = monotonic()
        if (reason := _not_offered(bench, check)) is not None:
            result = Result(check.id, check.title, check.rule, "not offered", reason)
        elif missing:
            result = Result(check.id, check.title, check.rule, "not run", f"It builds on {missing[0]}, see there.")
        else:
            result = _run_one(bench, check, begun)
        outcomes[check.id] = result.outcome
        yield result


def _not_offered(bench: Bench, check: Check) -> str | None:
    if check.kind is not None and bench.answer and check.kind not in bench.offers:
        return f"It offers no {METHODS[check.kind]}."
    if check.feature is not None and bench.answer and check.feature not in bench.features:
        return f'It does not declare the feature "{check.feature}".'
    return None


def _run_one(bench: Bench, check: Check, begun: float) -> Result:
    outcome: Outcome = "pass"
    message = mend = ""
    try:
        _forget_evidence(bench)
        check.run(bench)
    except Failed as failure:
        outcome, message, mend = "fail", failure.message, failure.mend or check.mend
    except Warned as warning:
        outcome, message, mend = "warning", warning.message, warning.mend or check.mend
    except NotOffered as reason:
        outcome, message = "not offered", reason.message
    except NotRun as reason:
        outcome, message = "not run", reason.message
    seconds = round(monotonic() - begun, 3)
    sent, received = _evidence(bench) if outcome in ("fail", "warning") else ([], [])
    if outcome == "fail":
        bench.end()  # what is still to come of this process must not be taken for answers to the next check
    return Result(check.id, check.title, check.rule, outcome, message, mend, seconds, sent, received)


def _forget_evidence(bench: Bench) -> None:
    if bench.current is not None:
        bench.current.sent.clear()
        bench.current.received.clear()


def _evidence(bench: Bench) -> tuple[list[str], list[str]]:
    session = bench.current
    return (list(session.sent), list(session.received)) if session is not None else ([], [])
