"""Nobody starves, nobody gets more than the others, and somebody in a hurry goes first."""

import time
from collections.abc import Callable, Iterable
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.conftest import Clock
from vox.runtime.fairness import AGEING_S, PASSES, QUANTUM, FairLine
from vox.runtime.line import Ticket
from vox.types import Priority

COSTS = st.floats(0.1, 50) | st.integers(0, 700).map(float)


def ticket(
    client: str = "", cost: float = 1.0, model: str = "m", priority: Priority = "interactive", since: float = 0.0
) -> Ticket:
    return Ticket(model, client, cost, priority, since, cast("Any", None))


def anything(_: str) -> bool:
    return True


def only(*models: str) -> Callable[[str], bool]:
    return lambda model: model in models


def filled(tickets: Iterable[Ticket], clock: Callable[[], float] = lambda: 0.0) -> FairLine:
    line = FairLine(clock)
    for one in tickets:
        line.push(one)
    return line


def drained(line: FairLine, fits: Callable[[str], bool] = anything) -> list[Ticket]:
    served: list[Ticket] = []
    while (one := line.pop(fits)) is not None:
        served.append(one)
    return served


# ---- between clients


def test_calls_of_one_client_are_served_in_their_order_whatever_they_cost() -> None:
    tickets = [ticket("a", cost, model) for cost, model in ((600, "x"), (1, "y"), (30, "x"), (0, "y"), (2, "x"))]
    assert drained(filled(tickets)) == tickets


def test_equal_calls_of_different_clients_are_served_as_they_came() -> None:
    tickets = [ticket(f"c{number}", 3) for number in range(50)]
    assert drained(filled(tickets)) == tickets


def test_a_short_call_goes_before_the_backlog_of_another_client() -> None:
    long = [ticket("bulk", 600) for _ in range(200)]
    line = filled(long)
    assert line.pop(anything) is long[0]
    short = ticket("me", 3)
    line.push(short)
    assert line.pop(anything) is short
    assert drained(line) == long[1:]


def test_a_client_in_the_middle_of_its_work_is_behind_one_that_comes() -> None:
    """Also when its calls are as short as the other's: what it has had counts."""
    line = filled([ticket("bulk", 2) for _ in range(9)])
    line.pop(anything)
    line.push(mine := ticket("me", 2))
    line.pop(anything)  # both can pay in the same round, and the older goes first
    assert line.pop(anything) is mine


def test_many_short_calls_do_not_starve_a_long_one_of_somebody_else() -> None:
    long = ticket("long", 60)
    line, served = filled([long]), 0
    while True:
        line.push(ticket("short", 3))
        if line.pop(anything) is long:
            break
        served += 1
    assert served <= 60 / 3 + 1


def test_names_made_up_for_each_call_do_not_starve_anybody() -> None:
    for cost in (0.0, 0.5, 1.0, 5.0):
        long, served = ticket("honest", 40), 0
        line = filled([long])
        for number in range(1000):
            for part in range(3):
                line.push(ticket(f"sock{number}.{part}", cost))
            if long in (line.pop(anything), line.pop(anything), line.pop(anything)):
                break
            served += 3
        assert served <= 3 * 40


@settings(max_examples=150, deadline=None)
@given(backlogs=st.lists(st.lists(COSTS, min_size=1, max_size=30), min_size=2, max_size=5))
def test_clients_that_always_wait_get_the_same_within_one_call(backlogs: list[list[float]]) -> None:
    left = {f"c{index}": len(costs) for index, costs in enumerate(backlogs)}
    line = filled(ticket(f"c{index}", cost) for index, costs in enumerate(backlogs) for cost in costs)
    had = dict.fromkeys(left, 0.0)
    most = max(max(cost, QUANTUM) for costs in backlogs for cost in costs)
    while all(left.values()):
        one = line.pop(anything)
        assert one is not None
        had[one.client] += max(one.cost, QUANTUM)
        left[one.client] -= 1
        assert max(had.values()) - min(had.values()) <= most + QUANTUM


@settings(max_examples=150, deadline=None)
@given(calls=st.lists(st.tuples(st.integers(0, 3), COSTS), max_size=25), moment=st.integers(0, 25))
def test_the_order_is_that_of_walking_the_rounds(calls: list[tuple[int, float]], moment: int) -> None:
    """Against the plain form of the rule: round after round, everybody earns a quantum and spends what it has."""
    tickets = [ticket(f"c{client}", cost) for client, cost in calls]
    line, plain = filled(tickets[:moment]), walked(tickets[:moment])
    half = len(plain) // 2
    assert [line.pop(anything) for _ in range(half)] == plain[:half]
    assert drained(line) == plain[half:]


def walked(tickets: list[Ticket]) -> list[Ticket]:
    credit = {one.client: 0.0 for one in tickets}
    waiting, served = list(tickets), list[Ticket]()
    while waiting:
        credit = {client: credit[client] + QUANTUM for client in {one.client for one in waiting}}
        for one in list(waiting):
            is_first = one is next(other for other in waiting if other.client == one.client)
            if is_first and credit[one.client] >= max(one.cost, QUANTUM):
                credit[one.client] -= max(one.cost, QUANTUM)
                waiting.remove(one)
                served.append(one)
    return served


# ---- between classes


def test_interactive_calls_go_first() -> None:
    batch = [ticket("a", 1, priority="batch") for _ in range(3)]
    live = [ticket("b", 100) for _ in range(3)]
    assert drained(filled([*batch, *live])) == [*live, *batch]


def test_an_aged_batch_call_goes_next(clock: Clock) -> None:
    old = ticket("a", 1, priority="batch", since=clock.now)
    line = filled([old, *(ticket("b") for _ in range(9))], clock)
    assert line.pop(anything) is not old
    clock.now += AGEING_S - 0.1
    assert line.pop(anything) is not old
    clock.now += 0.2
    assert line.pop(anything) is old


def test_a_long_backlog_of_batch_does_not_turn_the_order_round(clock: Clock) -> None:
    """All of it is old, and still only every fifth call is of it while interactive calls wait."""
    line = filled([ticket("a", 1, priority="batch", since=clock.now) for _ in range(40)], clock)
    clock.now += 10 * AGEING_S
    served: list[str] = []
    for _ in range(40):
        line.push(ticket("b", since=clock.now))
        line.push(ticket("c", since=clock.now))
        one = line.pop(anything)
        assert one is not None
        served.append(one.priority)
    assert served[0] == "batch"
    assert served.count("batch") == 40 / (PASSES + 1)
    assert "batch" not in served[1 : 1 + PASSES]


def test_batch_that_has_its_turns_anyway_does_not_go_before_anybody(clock: Clock) -> None:
    """Somebody in a hurry now and then, and an old backlog: it moves on whenever nobody else is there."""
    line = filled([ticket("a", 1, priority="batch", since=clock.now) for _ in range(40)], clock)
    clock.now += 10 * AGEING_S
    for _ in range(12):
        one = line.pop(anything)
        assert one is not None and one.priority == "batch"
        hurried = [ticket("b", since=clock.now) for _ in range(PASSES)]
        for mine in hurried:
            line.push(mine)
        assert [line.pop(anything) for _ in hurried] == hurried


def test_batch_calls_are_fair_among_themselves() -> None:
    bulk = [ticket("bulk", 600, priority="batch") for _ in range(5)]
    line = filled(bulk)
    line.push(small := ticket("small", 5, priority="batch"))
    assert line.pop(anything) is small


# ---- room


def test_a_call_whose_model_is_full_is_passed_by_and_keeps_its_place() -> None:
    first, second, third = ticket("a", 1, "full"), ticket("b", 1, "full"), ticket("c", 50, "free")
    line = filled([first, second, third])
    assert line.pop(only("free")) is third
    assert line.pop(only("free")) is None
    assert drained(line) == [first, second]


def test_a_client_whose_model_was_full_does_not_come_back_with_a_burst() -> None:
    blocked, other = [ticket("blocked", 2, "full") for _ in range(50)], [ticket("other", 2) for _ in range(80)]
    line = filled([*blocked, *other])
    assert len([line.pop(only("m")) for _ in range(30)]) == 30
    clients = [one.client for _ in range(20) if (one := line.pop(anything)) is not None]
    assert 9 <= clients.count("blocked") <= 12


def test_many_who_wait_for_a_full_model_cost_nothing_when_another_has_room() -> None:
    line = filled(ticket(f"c{number}", 1, "full") for number in range(5000))
    asked = 0

    def fits(model: str) -> bool:
        nonlocal asked
        asked += 1
        return model == "free"

    for number in range(100):
        line.push(mine := ticket(f"d{number}", 1, "free"))
        assert line.pop(fits) is mine
    assert asked <= 300


def test_thousands_of_waiting_clients_are_served_quickly() -> None:
    tickets = [ticket(f"c{number % 7000}", number * 37 % 600, f"m{number % 3}") for number in range(20_000)]
    begin = time.perf_counter()
    line = filled(tickets)
    for one in tickets[::2]:
        assert line.remove(one)
    assert len(drained(line)) == 10_000
    assert time.perf_counter() - begin < 5  # a walk over all of them for each would take minutes


# ---- coming back, giving up


def test_one_that_was_sent_back_is_first_again_among_those_in_the_order_of_their_coming() -> None:
    line = filled([ticket("a", since=5.0)])
    late, early = ticket("b", 100, priority="batch", since=2.0), ticket("c", 100, "full", since=1.0)
    line.push_first(late)
    line.push_first(early)
    assert list(line)[:2] == [early, late] and len(line) == 3 and line.oldest() == 1.0
    assert line.pop(only("m")) is late
    assert line.remove(early) and not line.remove(early)
    assert len(drained(line)) == 1 and line.oldest() is None


def test_a_newcomer_is_not_behind_what_somebody_else_took_back() -> None:
    line = filled([big := ticket("a", 500), ticket("a", 2), ticket("b", 30)])
    assert line.remove(big)
    assert [one.cost for one in drained(line)] == [2, 30]


def test_what_stood_behind_a_call_that_was_taken_back_moves_up_across_models() -> None:
    line = filled([big := ticket("a", 500, "x"), ticket("a", 2, "y"), ticket("b", 30, "y")])
    assert line.pop(only("none")) is None
    one = line.pop(anything)
    assert one is not None and one.client == "b"  # a's second call waits for its first
    assert line.remove(big)
    line.push(ticket("b", 30, "y"))
    assert [one.client for one in drained(line)] == ["a", "b"]


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["push", "push", "push", "pop", "remove", "return"]),
            st.integers(0, 3),
            st.sampled_from(["x", "y", "z"]),
            COSTS,
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_whatever_happens_nobody_is_lost_or_overtaken_by_its_own(
    steps: list[tuple[str, int, str, float, bool]],
) -> None:
    """Each ticket comes out once, only when it fits, and in its client's order; the line tells its order truly."""
    line, waiting, out, returned = FairLine(lambda: 0.0), list[Ticket](), list[Ticket](), list[Ticket]()
    for action, number, model, cost, flag in steps:
        if action == "push":
            waiting.append(one := ticket(f"c{number}", cost, model, "batch" if flag else "interactive"))
            line.push(one)
        elif action == "remove" and waiting:
            assert line.remove(waiting.pop(number % len(waiting)))
        elif action == "return" and out:
            line.push_first(one := out.pop())
            waiting.append(one)
            returned = [other for other in returned if other is not one] + [one]
        elif action == "pop":
            fits = anything if flag else only(model)
            expected = next(iter(line), None) if flag else None
            one = line.pop(fits)
            assert (one is None) == (not any(fits(other.model) for other in waiting))
            if one is None:
                continue
            assert fits(one.model)
            assert expected in (None, one)
            first = [other for other in returned if other in waiting and fits(other.model)]
            own = [o for o in waiting if (o.client, o.priority, o.model) == (one.client, one.priority, one.model)]
            assert one is (first or own)[0]
            waiting.remove(one)
            out.append(one)
        assert len(line) == len(waiting) and {id(one) for one in line} == {id(one) for one in waiting}
    assert {id(one) for one in drained(line)} == {id(one) for one in waiting}
