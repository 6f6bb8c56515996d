"""The end: a process that goes when it is told to, completely, and starts again as if nothing had been."""

from time import monotonic, sleep

from vox.provider.conformance import traces
from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.outcome import Failed, Warned
from vox.provider.conformance.session import Session

__all__ = ["CHECKS"]

CHECKS = Checklist()

_NEEDS = ("start.serves",)
_TAKE_UP_S = 0.1  # for a provider to begin with the work that is to be interrupted
_LOOK_S = 0.02
_COLLECT_S = 1.0  # for the system to clear away children that end with their parent


@CHECKS.add(
    "end.idle",
    "It exits with status 0 when its input ends",
    rule="End of stdin means: finish or drop the work in hand and exit 0. After 2 s Vox sends a signal.",
    mend="Leave the loop at the end of stdin, and end threads and children.",
    needs=_NEEDS,
)
def end_idle(bench: Bench) -> None:
    """Closes stdin while nothing is in hand, in a process that has worked before. It exits within two seconds, with
    status 0."""
    for kind in bench.working:
        bench.work(kind)
    _expect_exit(bench.session, bench.times.exit)


@CHECKS.add(
    "end.busy",
    "It exits with status 0 when its input ends while it works",
    rule="End of stdin means: finish or drop the work in hand and exit 0.",
    mend="Wait for the work in hand, or drop it; no exception may reach the top because of it.",
    needs=("end.idle",),
)
def end_busy(bench: Bench) -> None:
    """Closes stdin right after a request, with the model in memory. It may finish the work first, but after two seconds
    Vox sends a signal: to take longer than that is a warning."""
    for kind in bench.working[:1]:
        bench.work(kind)
    session = bench.session
    bench.begin_work(session)
    begun = monotonic()
    _expect_exit(session, bench.times.work)
    if (seconds := monotonic() - begun) > bench.times.exit:
        raise Warned(f"It took {seconds:.1f} s to end; Vox sends a signal after {bench.times.exit:g} s.")


@CHECKS.add(
    "end.abandoned",
    "It ends when nobody reads its answers any more",
    rule="A daemon that was killed leaves nothing behind.",
    mend="Let a failed write to stdout end the process; do not ignore it and go on.",
    needs=("end.idle",),
)
def end_abandoned(bench: Bench) -> None:
    """Closes stdin, stdout and stderr at once while a request is in hand, as the end of a killed daemon does. The
    process ends, with whatever status."""
    session = _fresh(bench)
    bench.begin_work(session, long=True)
    session.listen(_TAKE_UP_S)
    session.child.abandon()
    if session.child.exited_within(bench.times.work) is None:
        raise Failed(f"It still runs {bench.times.work:g} s later.")


@CHECKS.add(
    "end.children",
    "It leaves no process behind",
    rule="A provider's processes end with it.",
    mend="End child processes, and wait for them, before the program exits.",
    needs=("end.idle",),
)
def end_children(bench: Bench) -> None:
    """After work and a regular end, no process of its process group is left, nor any that inherited its environment
    (Linux), even if it moved to a group of its own."""
    for kind in bench.working:
        bench.work(kind)
    session = bench.session
    session.child.close_input()
    if session.child.exited_within(bench.times.work) is None:
        raise Failed("It does not end when its input ends.")
    group, end = session.child.process.pid, monotonic() + _COLLECT_S
    while (left := traces.left_of(group, bench.mark)) and monotonic() < end:
        sleep(_LOOK_S)
    if left:
        raise Failed(f"Left behind: process {', '.join(map(str, left))}.")


@CHECKS.add(
    "start.again",
    "A new process is like the one before",
    rule="A crash is followed by a restart on the next request, so keep no state that a restart would lose.",
    mend="Find out what is installed at each start; write nothing that the next start stumbles over.",
    needs=_NEEDS,
)
def start_again(bench: Bench) -> None:
    """Kills the process while it works, as a crash would, and starts it again: it lists the same models and answers the
    next call."""
    session = _fresh(bench)
    bench.begin_work(session, long=True)
    session.listen(_TAKE_UP_S)
    bench.end()
    listed = bench.succeeded(bench.call("models", {}, bench.times.start), "models").get("models")
    ids = [model.get("id") for model in listed] if isinstance(listed, list) else []
    if ids != [model["id"] for model in bench.models]:
        raise Failed(f"Before it listed {[model['id'] for model in bench.models]}, after a crash {ids}.")
    for kind in bench.working:
        bench.result(kind)


def _fresh(bench: Bench) -> Session:
    session = bench.start()
    session.call("models", {}, bench.times.start)
    return session


def _expect_exit(session: Session, seconds: float) -> None:
    session.child.close_input()
    status = session.child.exited_within(seconds)
    if status is None:
        raise Failed(f"It still runs {seconds:g} s after the end of its input.")
    if status != 0:
        how = f"was ended by signal {-status}" if status < 0 else f"exited with status {status}"
        words = session.last_words()
        raise Failed(f"It {how}." + (f" Its last words: {words}" if words else ""))
