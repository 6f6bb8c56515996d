"""The feature `cancel`: work that nobody waits for any more is dropped."""

from time import monotonic

from vox.provider.conformance.bench import METHODS, Bench, Kind
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.outcome import Failed, Warned
from vox.provider.conformance.session import Answer

__all__ = ["CHECKS"]

CHECKS = Checklist()

_NEEDS = ("start.serves",)
_CANCELLED = -32800
_SOON_S = 0.5  # a result that comes so soon was nearly done
_TAKE_UP_S = 0.05  # for a provider to begin with the work that is to be cancelled


@CHECKS.add(
    "cancel.work",
    "Cancelled work is answered with error -32800",
    rule='cancel: accepts {"method":"cancel","params":{"id":n}} and answers that request with error -32800.',
    mend="Look between the pieces of work whether it was cancelled; read stdin while you work.",
    feature="cancel",
    needs=_NEEDS,
)
def cancel_work(bench: Bench) -> None:
    """Starts long work (twenty seconds of speech, 1800 characters), and cancels it. The request is answered with error
    -32800, once; a result is as good when it comes within half a second, and a warning when it comes later. Ordinary
    work succeeds afterwards."""
    for kind in bench.working:
        answer, seconds = _cancelled(bench, kind, bench.long(kind))
        if answer.error_name == "text_too_long":  # then what it does take has to do
            answer, seconds = _cancelled(bench, kind, {})
        if not answer.refused and seconds > _SOON_S:
            raise Warned(f"Cancelled {METHODS[kind]} was answered with a result all the same, {seconds:.1f} s later.")
        if answer.refused and answer.error_code != _CANCELLED:
            raise Failed(f"Cancelled {METHODS[kind]} was answered with {answer.error!r}.")


@CHECKS.add(
    "cancel.unknown",
    "A cancellation of nothing is passed over",
    rule="A cancellation can cross the answer on its way.",
    mend="Ignore ids that are not in hand.",
    feature="cancel",
    needs=_NEEDS,
)
def cancel_unknown(bench: Bench) -> None:
    """Cancels a request that was never made, one that is answered already, and nothing at all. `models` is answered
    afterwards, and nothing else comes."""
    session = bench.session
    number = session.request("models", {})
    session.wait(number, bench.times.ask)
    for params in ({"id": 4711}, {"id": number}, {}):
        session.notify("cancel", params)
    bench.succeeded(bench.call("models", {}, bench.times.ask), "models")


def _cancelled(bench: Bench, kind: Kind, work: dict[str, str]) -> tuple[Answer, float]:
    """What cancelled work is answered with, and seconds after the cancellation; ordinary work succeeds afterwards."""
    session = bench.session
    number = session.request(METHODS[kind], bench.params(kind, **work))
    session.listen(_TAKE_UP_S)
    session.notify("cancel", {"id": number})
    begun = monotonic()
    answer = session.wait(number, bench.times.work)
    seconds = monotonic() - begun
    bench.result(kind)
    return answer, seconds
