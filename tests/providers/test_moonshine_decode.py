"""Reading the decoder: tokens, loops, and what is no speech."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox_providers._moonshine_decode import Decoded, read_vocabulary, sounds_like_speech, without_loop

TOKENS = st.lists(st.integers(3, 6), max_size=40)


def decoded(tokens: list[int], logprob: float, looped: bool = False) -> Decoded:
    return Decoded(tokens, [logprob] * (len(tokens) + 1), np.zeros((1, 1, 288), np.float32), 16000, looped)


@given(TOKENS, st.lists(st.integers(10, 40), min_size=1, max_size=20, unique=True), st.integers(3, 6), st.data())
def test_a_phrase_in_a_loop_is_kept_once(before: list[int], phrase: list[int], times: int, data: st.DataObject) -> None:
    rest = phrase[: data.draw(st.integers(0, len(phrase) - 1))]
    assert without_loop([*before, *phrase * times, *rest]) == [*before, *phrase]


@given(TOKENS)
def test_only_an_end_is_ever_cut_off(tokens: list[int]) -> None:
    kept = without_loop(tokens)
    assert kept == tokens[: len(kept)]
    assert without_loop([*kept, 99]) == [*kept, 99]


def test_a_word_said_twice_is_no_loop() -> None:
    assert without_loop([7, 8, 9, 8, 9]) == [7, 8, 9, 8, 9]


@pytest.mark.parametrize(
    ("text", "result", "voiced_s", "speech"),
    [
        ("He was not", decoded([1, 2, 3], -0.3), 1.0, True),
        ("He was not", decoded([1, 2, 3], -0.7), 1.0, False),
        ("You", decoded([1], -0.4), 9.0, False),  # one word for nine seconds of voice
        ("Yes.", decoded([1, 2], -0.4), 0.5, True),
        ("♪ ♪", decoded([1, 2], -0.1), 1.0, False),
        ("...", decoded([1], -0.1), 0.5, False),
        ("", decoded([], -0.1), 0.5, False),
        ("the the the the the the", decoded([5] * 6, -0.1), 2.0, False),
        ("Here we go.", decoded([1, 2, 3, 4], -0.4, looped=True), 1.0, False),
        ("Here we go.", decoded([1, 2, 3, 4], -0.1, looped=True), 1.0, True),
    ],
)
def test_what_counts_as_speech(text: str, result: Decoded, voiced_s: float, speech: bool) -> None:
    assert sounds_like_speech(text, result, voiced_s) is speech


@given(st.lists(st.one_of(st.binary(max_size=20), st.binary(min_size=126, max_size=300)), max_size=20))
def test_a_vocabulary_is_read_as_it_was_written(tokens: list[bytes]) -> None:
    written = b"".join(
        (bytes([len(token)]) if len(token) < 128 else bytes([len(token) % 128 + 128, len(token) // 128])) + token
        for token in tokens
    )
    assert read_vocabulary(written) == tokens
    if tokens and tokens[-1]:
        with pytest.raises(ValueError, match="cut off"):
            read_vocabulary(written[:-1])
