"""Comments are blanked out, and nothing else is."""

import json

from hypothesis import given
from hypothesis import strategies as st

from vox.config.comments import without_comments


def test_both_forms_become_spaces_and_lines_stay() -> None:
    text = '{ // one\n  "a": /* two\n three */ 1\n}'
    plain = without_comments(text)
    assert json.loads(plain) == {"a": 1}
    assert len(plain) == len(text) and plain.count("\n") == text.count("\n")
    assert plain.index('"a"') == text.index('"a"')


def test_what_looks_like_one_in_a_string_is_none() -> None:
    text = '{"url": "https://a/b", "c": "/* no */", "d": "\\\\", "e": "\\"//"}'
    assert without_comments(text) == text


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_without_comments_is_as_it_was(value: object) -> None:
    text = json.dumps(value, indent=2)
    assert without_comments(text) == text
