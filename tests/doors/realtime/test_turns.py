"""Where turns begin and end, frame by frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.doors.realtime.turns import TurnRules, Turns

FRAME_S = 0.016
RULES = TurnRules(threshold=0.5, silence_s=0.32, longest_s=16.0)  # 20 frames of silence, 1000 in all


def boundaries(chances: list[float], rules: TurnRules = RULES) -> list[tuple[int, str, int]]:
    """Frames seen, what was decided, and with which frame the turn begins."""
    turns = Turns(rules, FRAME_S)
    found = list[tuple[int, str, int]]()
    for chance in chances:
        told = turns.step(chance)
        if told is not None:
            found.append((turns.seen, told, turns.first))
        if told == "stopped":
            turns.drop()
    return found


def test_a_turn_starts_when_speech_is_certain_and_stops_after_the_silence() -> None:
    assert boundaries([0.0] * 10 + [0.9] * 30 + [0.0] * 40) == [(16, "started", 10), (60, "stopped", 10)]


@pytest.mark.parametrize(
    "chances",
    [
        [0.9] * 5 + [0.0] * 60,  # a click
        [0.6] * 200,  # hum: never certain
        [0.0] * 200,
        ([0.9] * 2 + [0.0] * 30) * 20,  # a tap, now and then
    ],
)
def test_what_is_no_speech_starts_no_turn(chances: list[float]) -> None:
    assert boundaries(chances) == []


def test_a_pause_for_breath_ends_nothing() -> None:
    assert boundaries([0.9] * 20 + [0.0] * 19 + [0.9] * 20 + [0.0] * 20) == [(6, "started", 0), (79, "stopped", 0)]


def test_a_soft_sound_goes_on_with_a_turn_and_does_not_begin_one() -> None:
    assert boundaries([0.4] * 30 + [0.9] * 10 + [0.4] * 50 + [0.0] * 20) == [(36, "started", 30), (110, "stopped", 30)]


def test_turns_follow_each_other() -> None:
    told = boundaries(([0.9] * 10 + [0.0] * 25) * 3)
    assert [(what, first) for _, what, first in told] == [
        *[("started", 0), ("stopped", 0), ("started", 35), ("stopped", 35)],
        *[("started", 70), ("stopped", 70)],
    ]


def test_a_turn_without_a_pause_is_over_some_time() -> None:
    assert boundaries([0.9] * 1500) == [(6, "started", 0), (1000, "stopped", 0), (1006, "started", 1000)]


@pytest.mark.parametrize(
    ("threshold", "chance", "starts"),
    [(0.0, 0.1, False), (0.0, 0.5, True), (0.3, 0.55, True), (0.5, 0.65, False), (0.9, 0.85, False), (1.0, 0.97, True)],
)
def test_the_threshold_tells_what_is_speech(threshold: float, chance: float, starts: bool) -> None:
    assert bool(boundaries([chance] * 50, TurnRules(threshold))) == starts


def test_no_silence_at_all_ends_a_turn_at_the_first_silent_frame() -> None:
    assert boundaries([0.9] * 10 + [0.0] * 3, TurnRules(silence_s=0.0)) == [(6, "started", 0), (11, "stopped", 0)]


def test_what_is_dropped_is_forgotten() -> None:
    turns = Turns(RULES, FRAME_S)
    told = [turns.step(0.9) for _ in range(10)]
    assert "started" in told and turns.speaking
    turns.drop()
    assert not turns.speaking and turns.first == 10
    assert [turns.step(0.9) for _ in range(6)] == [None] * 5 + ["started"]


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 60)), max_size=30))
def test_starts_and_stops_alternate_and_never_go_back(runs: list[tuple[float, int]]) -> None:
    told = boundaries([chance for chance, count in runs for _ in range(count)])
    assert [what for _, what, _ in told] == ["started", "stopped"] * (len(told) // 2) + ["started"] * (len(told) % 2)
    edge = 0
    for seen, what, first in told:
        assert edge <= first < seen
        edge = seen if what == "stopped" else edge
