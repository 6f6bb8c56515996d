"""How soon OpenVIP's messages are with the agents they are for, many of them too, and what agents cost that only come
and go or never read.

The reference is dictare's HTTP server without its microphone and models, installed for the run; `--quick` leaves it
out.

    python -m benchmarks.openvip [--quick] [--json FILE]
"""

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.daemon import Daemon
from benchmarks.report import Report, Row, figure, main, median_ratio
from benchmarks.subscribers import Crowd, Sender
from benchmarks.timing import status_kib
from benchmarks.visitors import come_and_go, listen_to_status, never_read
from tests import reference

__all__ = ["measure"]

_SINGLE = 1000
_CROWD, _SENDERS = 1000, 8
_ROUNDS = 5
_UNREAD_MB, _VISITS = 64, 10_000
_WARM_VISITS = 1000  # the allocator has its arenas, and the interpreter its caches, before growth is growth

_SINGLE_MS, _CROWD_MS, _TIMES, _UNREAD_LIMIT_MB = 1.0, 10.0, 5.0, 2.0
_CLOSED_S = 2.0
_NO_GROWTH_MB = 1.0
"""What counts as none after 10 000 visits: a hundred bytes of each would already be seen."""


@dataclass
class _Server:
    """What was found of one; milliseconds and messages in a second."""

    single: list[list[float]]
    crowd: list[list[float]]
    rates: list[float]


@dataclass
class _Cost:
    """Megabytes by which the daemon grew; file descriptors and agents that stayed."""

    unread: float
    visits: float
    left: int
    changes: list[float]
    """Milliseconds until each of the crowd's status streams has told a change."""


def measure(quick: bool = False) -> Report:
    """Run everything."""
    single, crowd, rounds, visits = (200, 50, 1, 500) if quick else (_SINGLE, _CROWD, _ROUNDS, _VISITS)
    _allow_files()
    with _reference(quick) as theirs_port, _daemon() as (_, port):
        ours, theirs = _Server([], [], []), _Server([], [], [])
        for _ in range(rounds):  # in turn: what disturbs the machine disturbs both
            _add(ours, port, single, crowd)
            if theirs_port is not None:
                _add(theirs, theirs_port, single, crowd)
    with _daemon() as (daemon, port):  # a new one: memory that a crowd has left free hides what grows
        cost = _cost(daemon, port, crowd, visits)
    method = (
        "Messages are posted over kept connections and read by plain sockets of one other process; a delivery is timed "
        f"from before its request is sent until its agent has all of it. {single} messages one at a time, then one to "
        f"each of {crowd} agents as fast as {_SENDERS} senders can; medians of {rounds} rounds, in turn with the "
        f"server of dictare {reference.VERSION} without microphone and models. {visits} agents come and go, after "
        f"{_WARM_VISITS} that do not count; an agent that never reads is sent {_UNREAD_MB} MB."
    )
    return Report("openvip", "OpenVIP", method, _rows(ours, theirs, cost, crowd, visits))


def _allow_files() -> None:
    """Daemons inherit it: every agent is a file to both."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))


@contextmanager
def _reference(quick: bool) -> Generator[int | None]:
    if quick:
        yield None
        return
    with ExitStack() as stack:
        try:
            dictare = stack.enter_context(reference.installed())
        except reference.NotInstallable as error:
            print(f"without the reference: {error}", file=sys.stderr)
            yield None
        else:
            yield stack.enter_context(dictare.serving())[0]


@contextmanager
def _daemon() -> Generator[tuple[int, int]]:
    """Its process and its port. It opens no microphone, wherever it runs."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        (home / "config.json").write_text(json.dumps({"openVip": {"listen": False}}), encoding="utf-8")
        (home / "config.json").chmod(0o600)
        with Daemon(home):
            told = json.loads((home / "runtime.json").read_text(encoding="utf-8"))
            yield told["pid"], told["port"]


def _add(found: _Server, port: int, single: int, crowd: int) -> None:
    with Crowd(port, 1) as one, _senders(port, 1) as senders:
        one.deliver(senders, one.names * 100)  # code that runs for the first time is not what is measured
        found.single.append([took * 1000 for took in one.deliver(senders, one.names * single)[0]])
    with Crowd(port, crowd) as agents, _senders(port, _SENDERS) as senders:
        agents.deliver(senders, agents.names)
        each, together = agents.deliver(senders, agents.names)
        found.crowd.append([took * 1000 for took in each])
        found.rates.append(crowd / together)


@contextmanager
def _senders(port: int, number: int) -> Generator[list[Sender]]:
    made = [Sender(port) for _ in range(number)]
    try:
        yield made
    finally:
        for sender in made:
            sender.close()


def _cost(daemon: int, port: int, crowd: int, visits: int) -> _Cost:
    come_and_go(port, _WARM_VISITS)
    with Crowd(port, 1) as reader, _senders(port, 1) as senders:
        reader.deliver(senders, reader.names * 200, padding=48_000)
    files, before = _open_files(daemon), status_kib(daemon, "VmRSS")
    come_and_go(port, visits)
    left, after = _left_open(daemon, files), status_kib(daemon, "VmRSS")
    with _senders(port, 1) as senders, never_read(port, senders[0], _UNREAD_MB):
        unread = status_kib(daemon, "VmRSS")
    changes = listen_to_status(port, crowd)
    return _Cost((unread - after) * 1024 / 1e6, (after - before) * 1024 / 1e6, left, changes)


def _left_open(pid: int, before: int) -> int:
    """Files that are open beyond those before, once the last connection has had time to be closed."""
    until = time.monotonic() + _CLOSED_S
    while (left := _open_files(pid) - before) > 0 and time.monotonic() < until:
        time.sleep(0.02)  # nothing tells another process of it
    return max(0, left)


def _open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _rows(ours: _Server, theirs: _Server, cost: _Cost, crowd: int, visits: int) -> list[Row]:
    delivery, each, limit = "a message to its agent, 99th percentile", f"one to each of {crowd}", "the limit"
    single, many = _late(ours.single), _late(ours.crowd)
    rate = statistics.median(ours.rates)
    change, told = max(cost.changes), "a change on every status stream"
    rows = [
        _row(delivery, "one at a time", single, "ms", limit, _SINGLE_MS, 1.0),
        _row(delivery, each, many, "ms", limit, _CROWD_MS, 1.0),
        Row("messages delivered in a second", each, figure(rate, ""), "dictare", "–", None, at_least=_TIMES),
        _row(told, f"the last of {crowd}", change, "ms", "the first", min(cost.changes), None),
        _row("growth", "an agent that never reads", cost.unread, "MB", limit, _UNREAD_LIMIT_MB, 1.0),
        _row("growth", f"{visits} agents came and went", cost.visits, "MB", "what is none", _NO_GROWTH_MB, 1.0),
        Row("files left open", f"{visits} agents came and went", str(cost.left), limit, "0", float(cost.left), 0.0),
    ]
    if theirs.rates:
        measured = figure(statistics.median(theirs.rates), "")
        times = median_ratio(ours.rates, theirs.rates)
        rows[2] = Row(rows[2].what, each, rows[2].value, "dictare", measured, times, at_least=_TIMES)
        late, crowded = _late(theirs.single), _late(theirs.crowd)
        rows.insert(1, _row(delivery, "one at a time", single, "ms", "dictare", late, None))
        rows.insert(3, _row(delivery, each, many, "ms", "dictare", crowded, None))
    return rows


def _late(rounds: Sequence[Sequence[float]]) -> float:
    """The 99th percentile, as the median of the rounds has it."""
    return statistics.median(statistics.quantiles(times, n=100, method="inclusive")[98] for times in rounds)


def _row(what: str, subject: str, ours: float, unit: str, peer: str, theirs: float, goal: float | None) -> Row:
    return Row(what, subject, figure(ours, unit), peer, figure(theirs, unit), ours / theirs, at_most=goal)


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
