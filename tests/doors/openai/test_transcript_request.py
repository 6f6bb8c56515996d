"""Forms: whatever is in one, it is a request or a refusal that names the field."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.doors.bodies import Form
from vox.doors.openai.transcript_request import FORMATS, Asked, read_form
from vox.errors import InvalidRequest

FIELDS = ("response_format", "stream", "temperature", "timestamp_granularities[]", "language", "model", "keywords[]")


def form(**fields: str) -> Form:
    return Form(fields, Path("a.wav"), 1, {name: [value] for name, value in fields.items()})


@given(st.dictionaries(st.sampled_from(FIELDS), st.one_of(st.text(), st.sampled_from([*FORMATS, "1", "word"]))))
def test_any_form(fields: dict[str, str]) -> None:
    try:
        asked = read_form(form(**fields))
    except InvalidRequest as error:
        assert error.details["param"] in {name.removesuffix("[]") for name in FIELDS}
    else:
        assert isinstance(asked, Asked) and asked.format in FORMATS
        assert asked.request.temperature is None or 0 <= asked.request.temperature <= 1


@pytest.mark.parametrize(("format", "words"), [("json", None), ("verbose_json", None), ("srt", True), ("vtt", True)])
def test_words_are_asked_of_the_engine_only_where_they_serve(format: str, words: bool | None) -> None:
    assert read_form(form(response_format=format)).request.words is words


def test_segments_are_listed_unless_words_alone_are_wanted() -> None:
    assert read_form(form(response_format="verbose_json")).segments
    words = read_form(form(response_format="verbose_json", timestamp_granularities="word"))
    assert words.words and not words.segments and words.request.words is True
    assert not read_form(form()).segments


def test_a_translation_reads_less() -> None:
    asked = read_form(form(language="de", stream="x", timestamp_granularities="x"), translate=True)
    assert asked.translated and asked.request.language is None and not asked.stream


def test_a_translation_has_no_speakers() -> None:
    with pytest.raises(InvalidRequest, match="response_format is 'diarized_json'"):
        read_form(form(response_format="diarized_json"), translate=True)
