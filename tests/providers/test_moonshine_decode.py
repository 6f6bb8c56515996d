"""Reading the decoder: tokens, loops, and what is no speech."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.prompts import PACKAGES, make_set
from tests.lacking import without
from vox.provider import Call
from vox_providers import moonshine
from vox_providers._moonshine_decode import Decoded, Moonshine, read_vocabulary, sounds_like_speech, without_loop

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


class Scripted(Moonshine):
    """A model that answers what it is told to, and keeps how much it was given to hear."""

    def __init__(self, *answers: tuple[str, Decoded]) -> None:
        self.answers = dict(enumerate(answers))
        self.given: list[int] = []

    def decode(self, samples: np.ndarray, checkpoint: object) -> Decoded:
        self.given.append(len(samples))
        return self.answers[len(self.given) - 1][1]

    def text(self, tokens: list[int]) -> str:
        return next(text for text, result in self.answers.values() if result.tokens is tokens)


ENDED_EARLY = ("3.", decoded([1, 2, 3], -0.61))  # what the model made of three seconds of clear speech
SURE = ("Please enter the number", decoded([1, 2, 3, 4, 5], -0.05))


@pytest.mark.parametrize(
    ("first", "second", "heard"),
    [
        (ENDED_EARLY, SURE, SURE[0]),
        (ENDED_EARLY, ("Thank you for watching.", decoded([1, 2, 3, 4], -0.45)), None),  # invented: it is not sure
        (ENDED_EARLY, ("Thank you for", decoded([1, 2, 3, 4], -0.05, looped=True)), None),
        (ENDED_EARLY, ("", decoded([], -0.05)), None),
        (("Yes.", decoded([1, 2, 3], -0.1)), None, "Yes."),
        (("I'm going to say that", decoded([1, 2, 3, 4, 5, 6, 7], -1.1)), None, None),  # noise, on which it tells a lot
        (("And so on", decoded([1, 2, 3], -0.61, looped=True)), None, None),
    ],
)
def test_what_ended_early_is_heard_once_more(first: tuple, second: tuple | None, heard: str | None) -> None:
    model = Scripted(first, second) if second else Scripted(first)
    found = model.hear(np.zeros(48_000, np.float32), 3.0, lambda: None)
    assert (found and found[0]) == heard
    assert model.given == ([48_000, 49_600] if second else [48_000])


def test_a_clear_prompt_is_not_lost(tmp_path: Path) -> None:
    try:
        make_set(tmp_path)
    except FileNotFoundError:
        without(f"apt-get install --no-install-recommends {' '.join(PACKAGES)}")
    call = Call("transcribe", {"modelId": moonshine.MODEL, "path": str(tmp_path / "entr-num-rmv-blklist.wav")})
    assert str(moonshine.transcribe(call)["text"]).startswith("Please enter the number to be removed from")
