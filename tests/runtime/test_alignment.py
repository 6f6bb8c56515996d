"""Pairs of two sequences that tell nearly the same."""

from hypothesis import given
from hypothesis import strategies as st

from vox.runtime.alignment import align

_WORDS = st.lists(st.sampled_from(["sun", "sum", "moon", "noon", "star", "stars", "a"]), max_size=20)


@given(_WORDS, _WORDS)
def test_pairs_never_cross(left: list[str], right: list[str]) -> None:
    pairs = align(left, right)
    assert pairs == sorted(pairs) and len(set(pairs)) == len(pairs)
    assert [right for _, right in pairs] == sorted(right for _, right in pairs)
    assert all(0 <= one < len(left) and 0 <= other < len(right) for one, other in pairs)


@given(_WORDS)
def test_the_same_is_paired_with_itself(words: list[str]) -> None:
    assert align(words, words) == [(i, i) for i in range(len(words))]


def test_a_gap_is_paired_by_likeness() -> None:
    left = ["we", "walked", "along", "the", "rivver", "to", "the", "bridge"]
    right = ["we", "walk", "a", "long", "the", "um", "river", "to", "bridge"]
    told = [(left[one], right[other]) for one, other in align(left, right)]
    assert ("walked", "walk") in told and ("rivver", "river") in told and ("bridge", "bridge") in told
    assert ("along", "a") in told and ("along", "long") in told


def test_another_text_is_not_paired() -> None:
    assert align([f"x{i}" for i in range(100)], [f"y{i}" for i in range(90)]) == []
