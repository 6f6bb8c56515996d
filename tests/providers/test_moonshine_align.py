"""From attention to times: the cheapest path, and words kept out of pauses."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox_providers._moonshine_align import warp, within_voice


@st.composite
def costs(draw: st.DrawFn) -> np.ndarray:
    shape = (draw(st.integers(1, 6)), draw(st.integers(1, 7)))
    return np.random.default_rng(draw(st.integers(0, 10**6))).standard_normal(shape)


def cheapest(cost: np.ndarray) -> float:
    """The least sum over monotone paths, cell by cell."""
    total = np.full(cost.shape, np.inf)
    for (row, column), value in np.ndenumerate(cost):
        before = [
            total[r, c] for r, c in ((row - 1, column), (row, column - 1), (row - 1, column - 1)) if min(r, c) >= 0
        ]
        total[row, column] = value + (min(before) if before else 0.0)
    return float(total[-1, -1])


@given(costs())
def test_the_path_is_whole_monotone_and_the_cheapest(cost: np.ndarray) -> None:
    spans = warp(cost)
    assert spans[0][0] == 0 and spans[-1][1] == cost.shape[1] - 1 and len(spans) == len(cost)
    assert all(first <= last for first, last in spans)
    assert all(after[0] - before[1] in (0, 1) for before, after in pairwise(spans))
    walked = sum(cost[row, first : last + 1].sum() for row, (first, last) in enumerate(spans))
    assert walked == pytest.approx(cheapest(cost))


VOICED = [(1.0, 2.0), (3.0, 4.0), (4.1, 5.0)]


@pytest.mark.parametrize(
    ("span", "peak", "expected"),
    [
        ((1.2, 1.8), 1.5, (1.2, 1.8)),
        ((0.5, 1.5), 1.4, (1.0, 1.5)),
        ((1.5, 2.6), 1.7, (1.5, 2.0)),
        ((1.8, 3.5), 3.2, (3.0, 3.5)),  # a pause inside: the side of the peak
        ((1.8, 3.5), 1.9, (1.8, 2.0)),
        ((3.5, 4.5), 3.6, (3.5, 4.5)),  # too short for a pause
        ((2.2, 2.8), 2.5, (2.2, 2.8)),  # the detector missed it
        ((0.0, 0.5), 0.2, (1.0, 1.0)),
        ((5.5, 6.0), 5.6, (5.0, 5.0)),
    ],
)
def test_a_word_is_where_the_voice_is(span: tuple[float, float], peak: float, expected: tuple[float, float]) -> None:
    assert within_voice(VOICED, *span, peak) == expected


@given(st.lists(st.floats(0, 7), min_size=2, max_size=12).map(sorted), st.floats(0, 1))
def test_words_stay_in_order(bounds: list[float], where: float) -> None:
    words = [within_voice(VOICED, start, end, start + where * (end - start)) for start, end in pairwise(bounds)]
    moments = [moment for word in words for moment in word]
    assert moments == sorted(moments)
