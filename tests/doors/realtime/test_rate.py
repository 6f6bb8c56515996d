"""Budgets: each key its own, spent at once or evenly, never above the limit."""

from hypothesis import given
from hypothesis import strategies as st

from vox.doors.realtime.rate import NOBODY, Rates, name_of


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_key_has_its_own_and_it_comes_back_evenly() -> None:
    clock = Clock()
    rates = Rates(lambda: 60, clock)
    assert [rates.take("a") for _ in range(60)] == [0.0] * 60
    assert rates.take("a") == 1.0 and rates.take("b") == 0.0
    clock.now += 0.5
    assert rates.take("a") == 0.5
    clock.now += 0.5
    assert rates.take("a") == 0.0 and rates.take("a") > 0


def test_it_is_told_as_openai_tells_it() -> None:
    rates = Rates(lambda: 10, Clock())
    rates.take("a")
    assert rates.shape("a") == [{"name": "requests", "limit": 10, "remaining": 9, "reset_seconds": 6.0}]
    assert rates.of("a").take() == 0.0 and rates.of("a").shape()[0]["remaining"] == 8


def test_no_limit_is_no_limit() -> None:
    rates = Rates(lambda: None, Clock())
    assert not any(rates.take("a") for _ in range(10_000)) and rates.shape("a") == []


@given(st.integers(1, 100), st.lists(st.floats(0, 30), max_size=200))
def test_a_minute_never_gives_more_than_twice_the_limit(limit: int, waits: list[float]) -> None:
    """All at once, and then what comes back."""
    clock = Clock()
    rates = Rates(lambda: limit, clock)
    taken: list[float] = []
    for wait in waits:
        clock.now += wait
        if rates.take("a") == 0.0:
            taken.append(clock.now)
    for start in taken:
        assert sum(start <= moment < start + 60 for moment in taken) <= 2 * limit


def test_a_key_is_not_kept_as_it_is() -> None:
    assert name_of(None) == NOBODY and "secret-key" not in name_of("secret-key")
    assert name_of("secret-key") == name_of("secret-key") != name_of("another")
