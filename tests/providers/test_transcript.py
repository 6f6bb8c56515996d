"""Tokens with times become words and segments without losing a letter or an order."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox_providers._transcript import Word, mean_confidence, segments, words

_TOKENS = st.lists(
    st.tuples(st.sampled_from([" a", "b", " the", ".", " ", ",", "'s", " ¿", "é", "?"]), st.integers(0, 4)), max_size=60
)


def _words(*spoken: tuple[str, float], limit: float = 100.0) -> list[Word]:
    return words([token for token, _ in spoken], [at for _, at in spoken], None, 0.0, 0.32, limit)


def _shown(found: list[Word]) -> list[tuple[str, float, float]]:
    return [(word.text, round(word.start, 3), round(word.end, 3)) for word in found]


def test_a_token_with_a_space_begins_a_word() -> None:
    found = _words((" win", 1.0), ("dow", 1.2), (".", 1.4), (" Open", 3.0))
    assert _shown(found) == [("window.", 1.0, 1.72), ("Open", 3.0, 3.32)]


def test_a_word_ends_where_the_next_begins_or_the_audio_ends() -> None:
    assert _shown(_words((" a", 1.0), (" b", 1.1), limit=1.3)) == [("a", 1.0, 1.1), ("b", 1.1, 1.3)]


def test_a_lone_space_begins_a_word_and_is_none() -> None:
    assert _shown(_words((" ", 1.0), ("x", 1.1), (" ", 2.0))) == [("x", 1.0, 1.42)]


def test_confidence_is_the_geometric_mean() -> None:
    (word,) = words([" a", "b"], [0.0, 0.1], [-0.2, -0.4], 0.0, 0.32, 9.0)
    assert word.to_wire() == {"word": "ab", "start": 0.0, "end": 0.42, "confidence": 0.7408}
    assert "confidence" not in _words((" a", 0.0))[0].to_wire()
    assert mean_confidence([]) == 0


@pytest.mark.parametrize(
    ("spoken", "texts"),
    [
        ([(" One.", 0.0), (" Two", 0.5), (" three?”", 1.0), (" Four", 1.5)], ["One.", "Two three?”", "Four"]),
        ([(" One", 0.0), (" two", 0.5), (" later", 2.0)], ["One two", "later"]),
        ([(f" w{number}", number * 0.5) for number in range(30)], None),
        ([], []),
    ],
)
def test_a_sentence_a_pause_and_the_length_end_a_segment(
    spoken: list[tuple[str, float]], texts: list[str] | None
) -> None:
    found = segments(_words(*spoken))
    if texts is not None:
        assert [segment["text"] for segment in found] == texts
    assert [segment["id"] for segment in found] == list(range(len(found)))
    assert all(segment["end"] - segment["start"] <= 12 for segment in found)


@given(_TOKENS, st.floats(0, 1000))
def test_nothing_is_lost_and_time_never_runs_back(tokens: list[tuple[str, int]], offset: float) -> None:
    starts = [frame * 0.08 for frame in itertools.accumulate(step for _, step in tokens)]
    texts = [text for text, _ in tokens]
    limit = offset + (starts[-1] if starts else 0) + 0.1
    found = words(texts, starts, [-0.1] * len(texts), offset, 0.32, limit)
    assert "".join(word.text for word in found) == "".join(texts).replace(" ", "")
    assert all(word.start <= word.end <= limit for word in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert " ".join(str(segment["text"]) for segment in segments(found)) == " ".join(word.text for word in found)
