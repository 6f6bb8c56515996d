"""Word errors are those that jiwer counts, after the texts were made comparable."""

import time

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.bench.words import NO_ERRORS, WordErrors, word_errors

TEXTS = st.lists(st.sampled_from(["man", "cat", "dog", "the", "tree", "runs"]), max_size=25).map(" ".join)


@given(TEXTS.filter(bool), TEXTS)
def test_as_jiwer_counts(said: str, heard: str) -> None:
    judged = jiwer.process_words(said, heard)
    found = word_errors(said, heard)
    assert found.wrong == judged.substitutions + judged.insertions + judged.deletions
    assert found.rate == pytest.approx(judged.wer)


def test_nothing_said() -> None:
    assert word_errors("", "") == NO_ERRORS
    assert NO_ERRORS.rate is None
    assert word_errors("", "what was that") == WordErrors(3, 0)
    assert word_errors("what was that", "") == WordErrors(3, 3)


def test_texts_are_made_comparable() -> None:
    assert word_errors("He's 20.", "he is twenty").wrong == 0
    assert word_errors("今日は", "今日わ", "ja") == WordErrors(1, 3)


def test_an_hour_of_speech_is_counted_quickly() -> None:
    said = [f"w{chr(97 + number % 26)}{chr(97 + number // 26 % 26)}" for number in range(9000)]
    begin = time.monotonic()
    assert word_errors(" ".join(said), " ".join(said[1:])) == WordErrors(1, 9000)
    assert time.monotonic() - begin < 20  # a table in Python alone takes minutes here
