"""What the API answers becomes a transcript, also when it is odd."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox_providers._openai_transcript import language_code, read_transcript

WORD = {"word": " so", "start": 0, "end": 0.5}


def test_all_that_is_told() -> None:
    told = {
        "text": " So it is. ",
        "language": "english",
        "duration": 1.5,
        "segments": [{"id": 7, "start": 0.0, "end": 1.5, "text": " So it is.", "avg_logprob": -1}],
        "words": [WORD, {"word": "it"}, {"word": "is", "start": 2, "end": 1}, {"word": "", "start": 0, "end": 1}, "x"],
    }
    assert read_transcript(told, words=True) == {
        "text": "So it is.",
        "language": "en",
        "segments": [{"id": 0, "start": 0.0, "end": 1.5, "text": "So it is."}],
        "words": [{"word": "so", "start": 0.0, "end": 0.5}],
        "metrics": {"audioDurationMs": 1500.0},
    }
    assert "words" not in read_transcript(told, words=False)


def test_text_alone() -> None:
    assert read_transcript({"text": "Yes."}, words=True) == {"text": "Yes."}
    assert read_transcript({"text": ""}, words=True) == {"text": "", "words": []}
    assert read_transcript({"text": "Yes."}, words=False, language="en")["language"] == "en"


@pytest.mark.parametrize("told", [None, [], "text", {}, {"text": None}, {"error": "no"}])
def test_without_text_it_is_none(told: object) -> None:
    with pytest.raises(ValueError, match="no text"):
        read_transcript(told, words=True)


@pytest.mark.parametrize(
    ("name", "code"),
    [("english", "en"), ("German", "de"), ("hawaiian", "haw"), ("en", "en"), ("pt-br", "pt-br"), ("Klingon", None)]
    + [(name, None) for name in ("", " ", None, 5)],
)
def test_a_language_is_told_by_its_code(name: object, code: str | None) -> None:
    assert language_code(name) == code


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["word", "start", "end", "text"]), inner)
    ),
    max_leaves=12,
)


@given(JSON, JSON, JSON, JSON)
def test_odd_times_cost_only_themselves(words: object, segments: object, language: object, duration: object) -> None:
    told = {"text": "Yes.", "words": words, "segments": segments, "language": language, "duration": duration}
    result = read_transcript(told, words=True)
    assert result["text"] == "Yes."
    for item in [*result.get("words", []), *result.get("segments", [])]:
        assert 0 <= item["start"] <= item["end"]
