"""One value of a JSON text is changed; everything else stays as it was written."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.config.comments import without_comments
from vox.config.json_text import cut, put, spans_of

TEXT = """{
  // who listens
  "port": 1, // the usual one
  "llm": {
    /* here */ "model": "a, // b" // no other
  },
  "empty": {}, "none": null
}
"""


def plain(text: str) -> Any:
    return json.loads(without_comments(text))


@pytest.mark.parametrize(
    ("way", "line"),
    [
        (("port",), '  "port": 7, // the usual one\n'),
        (("llm", "model"), '    /* here */ "model": 7 // no other\n'),
        (("llm", "topP"), '"a, // b", // no other\n    "topP": 7\n  },'),
        (("empty", "a"), '"empty": {\n    "a": 7\n  }, "none"'),
        (("none", "a", "b"), '"none": {"a": {"b": 7}}\n}'),
        (("new",), '"empty": {}, "none": null,\n  "new": 7\n}\n'),
        (("new", "deep"), '"none": null,\n  "new": {"deep": 7}\n}\n'),
    ],
)
def test_a_value_is_put_where_it_belongs_and_comments_stay(way: tuple[str, ...], line: str) -> None:
    after = put(TEXT, way, 7)
    assert line in after
    assert [after.count(word) for word in ("// who listens", "// the usual", "/* here */", "// no other")] == [1] * 4
    wanted = group = copy.deepcopy(plain(TEXT))
    for name in way[:-1]:
        group[name] = group.get(name) or {}
        group = group[name]
    group[way[-1]] = 7
    assert plain(after) == wanted


@pytest.mark.parametrize("way", [("port",), ("llm",), ("llm", "model"), ("empty",), ("none",)])
def test_a_value_is_cut_and_comments_stay(way: tuple[str, ...]) -> None:
    after = cut(TEXT, way)
    wanted = group = plain(TEXT)
    for name in way[:-1]:
        group = group[name]
    del group[way[-1]]
    assert plain(after) == wanted
    assert "// who listens" in after and "// the usual one" in after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ('{"a": 1, "b": 2}', '{"b": 2}'),
        ('{"a": 1}', "{}"),
        ('{\n  "a": 1,\n  "b": 2\n}', '{\n  "b": 2\n}'),
        ('{ // c\n "a": 1 }', "{ // c\n  }"),
    ],
)
def test_no_gap_is_left(text: str, after: str) -> None:
    assert cut(text, ("a",)) == after


@pytest.mark.parametrize("text", ["{ // c\n}", '{ // c\n "a": 1 // d\n}', '{"a": 1 /* d */}', "{}", '{ "a": 1 // d\n}'])
def test_a_comment_never_swallows_what_is_added(text: str) -> None:
    assert plain(put(text, ("b",), 2)) == {**plain(text), "b": 2}


def test_what_is_no_object_is_not_written_over() -> None:
    with pytest.raises(ValueError, match="port is no object"):
        put(TEXT, ("port", "a"), 1)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), values), st.sampled_from([None, 0, 2, "\t"]), st.booleans(), st.data())
def test_any_text_keeps_everything_else(
    document: dict[str, Any], indent: Any, ascii: bool, data: st.DataObject
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii)
    ways = [way for way in spans_of(text) if way and all(isinstance(step, str) for step in way)]
    assert all(json.loads(text[span.begin : span.end]) is not ... for span in spans_of(text).values())
    key = data.draw(st.text())
    assert plain(put(text, (key,), 7)) == {**document, key: 7}
    for way in ways:
        without = copy.deepcopy(document)
        group: Any = without
        for name in way[:-1]:
            group = group[name]
        del group[way[-1]]
        assert plain(cut(text, way)) == without
