"""When words and cues are heard: exact where they were recognised, never outside the audio, never backwards."""

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pytest import approx, mark

from vox.runtime.cues import Cue, Timing, locate, time_text
from vox.types import Word


def said(*words: str, step: float = 0.5) -> list[Word]:
    """Words of 0.4 s, one each half second."""
    return [Word(word, i * step, i * step + 0.8 * step, 0.9) for i, word in enumerate(words)]


def written(text: str, timing: Timing) -> list[str | None]:
    return [None if w.text_start is None else text[w.text_start : w.text_end] for w in timing.words]


def test_words_find_their_places_through_case_and_punctuation() -> None:
    text = "“Close the door”, she said; close it — NOW!"
    timing = time_text(text, said("close", "the", "door", "she", "said", "Close", "it", "now."), 4.0)
    assert written(text, timing) == ["Close", "the", "door", "she", "said", "close", "it", "NOW"]
    assert timing.source == "asr"


@mark.parametrize(
    ("text", "heard", "places"),
    [
        ("It costs 42 dollars.", ["it", "costs", "forty", "two", "dollars"], ["It", "costs", "42", "42", "dollars"]),
        ("It costs forty two.", ["It", "costs", "42"], ["It", "costs", "forty two"]),
        (
            "In 1984 we met.",
            ["In", "nineteen", "eighty", "four", "we", "met"],
            ["In", "1984", "1984", "1984", "we", "met"],
        ),
        ("The organiser left.", ["the", "organizer", "left"], ["The", "organiser", "left"]),
        ("All right then", ["alright", "then"], ["All right", "then"]),
        ("Something else", ["some", "thing", "else"], ["Something", "Something", "else"]),
        ("We saw Siobhan today", ["we", "saw", "Chevonne", "today"], ["We", "saw", "Siobhan", "today"]),
        ("one three", ["one", "uh", "three"], ["one", None, "three"]),
        ("well-known facts", ["well", "known", "facts"], ["well", "known", "facts"]),
        ("Ein Café, 日本", ["ein", "cafe", "日", "本"], ["Ein", "Café", "日", "本"]),
        ("the cat the dog the bird", ["the", "dog", "the", "bird"], ["the", "dog", "the", "bird"]),
    ],
)
def test_words_find_their_places_through_mistakes(text: str, heard: list[str], places: list[str | None]) -> None:
    assert written(text, time_text(text, said(*heard), len(heard) / 2)) == places


def test_a_cue_lasts_from_its_first_word_to_its_last() -> None:
    text = "Good morning, dear friends."
    cues = [Cue("a", 0, 12), Cue("b", 12, 18), Cue("c", 16, len(text))]
    first, second, third = time_text(text, said("good", "morning", "dear", "friends"), 2.0, cues).cues
    assert (first.start, first.end) == (0.0, approx(0.9)) and first.confidence == approx(0.9)
    assert (second.start, second.end) == (1.0, approx(1.4)), "of the comma and the space nothing is heard"
    assert (third.start, third.end) == (1.0, approx(1.9)), "a word that is touched belongs to the cue"
    assert {first.source, second.source, third.source} == {"asr"}


def test_words_that_were_not_heard_lie_between_their_neighbours() -> None:
    text = "alpha beta gamma"
    timing = time_text(text, [Word("alpha", 1.0, 2.0), Word("gamma", 4.0, 5.0)], 6.0, [Cue("b", 6, 10)])
    (cue,) = timing.cues
    assert (cue.source, cue.confidence) == ("estimated", 0.0)
    assert 2.0 < cue.start < cue.end < 4.0


def test_without_anything_heard_the_length_of_the_text_decides() -> None:
    text = "one two"
    timing = time_text(text, [], 7.0, [Cue("all", 0, 7), Cue("two", 4, 7)])
    assert timing.source == "estimated"
    assert [(w.word, w.start, w.end, w.confidence) for w in timing.words] == [
        ("one", 0.0, 3.0, 0.0),
        ("two", 4.0, 7.0, 0.0),
    ]
    assert [(c.start, c.end, c.source) for c in timing.cues] == [(0.0, 7.0, "estimated"), (4.0, 7.0, "estimated")]


def test_a_cue_is_found_by_its_words() -> None:
    text = "Stop. Go on.\nstop  there"
    assert locate(text, "a", "stop") == Cue("a", 0, 4)
    assert locate(text, "b", "STOP there", after=4) == Cue("b", 13, 24)
    assert locate(text, "c", "Stop.", after=20) == Cue("c", 0, 5)
    assert locate(text, "d", "halt") is None and locate(text, "e", "  ") is None


def test_a_long_text_keeps_its_pace() -> None:
    vocabulary = ["the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "was", "on", "are", "as", "with"]
    words = [
        vocabulary[(i * i + i // 7) % len(vocabulary)] + (str(i // 50) if i % 50 == 0 else "") for i in range(6000)
    ]
    heard = said(*(word for i, word in enumerate(words) if i % 11))
    text = " ".join(words)
    timing = time_text(text, heard, len(heard) / 2, [Cue("late", len(text) // 2, len(text) // 2 + 20)])
    placed = [word for word in timing.words if word.text_start is not None]
    assert len(placed) >= 0.97 * len(heard)
    assert timing.cues[0].start == approx(len(heard) / 4, rel=0.02)


_TEXT = st.text("ab é,.'-—0123日\n%्", max_size=60)
_HEARD = st.lists(st.tuples(st.text("ab é1'日", max_size=6), st.floats(-5, 50), st.floats(-5, 50)), max_size=12)


@settings(max_examples=300, deadline=None)
@example("000000", [], 22.114013824426458, [])  # whose last digit rounds up
@given(_TEXT, _HEARD, st.floats(0.01, 40), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6))
def test_times_stay_in_the_audio_and_in_order(
    text: str, heard: list[tuple[str, float, float]], duration: float, places: list[tuple[int, int]]
) -> None:
    words = [Word(word, start, end) for word, start, end in heard]
    ordered = sorted(sorted(min(place, len(text)) for place in pair) for pair in places)
    cues = [Cue(str(n), start, end) for n, (start, end) in enumerate(ordered)]
    timing = time_text(text, words, duration, cues)
    for item in (*timing.words, *timing.cues):
        assert 0 <= item.start <= item.end <= duration
    starts = [word.start for word in timing.words]
    assert starts == sorted(starts)
    offsets = [word.text_start for word in timing.words if word.text_start is not None]
    assert offsets == sorted(offsets)
    assert all(
        word.text_start is None or 0 <= word.text_start < (word.text_end or 0) <= len(text) for word in timing.words
    )
    for before, after in pairwise(timing.cues):
        assert before.start <= after.start


@given(st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "7", "x9"]), min_size=1, max_size=30))
def test_what_was_heard_exactly_is_placed_exactly(words: list[str]) -> None:
    text = " ".join(words)
    assert written(text, time_text(text, said(*words), len(words) / 2)) == words
