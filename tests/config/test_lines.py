"""Line numbers of JSON values, checked against a writer that knows where it put them."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vox.config.lines import Place, line_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('abc{}[]:,"\\ é', max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def write(value: Any, place: Place, lines: list[str], found: dict[Place, int]) -> None:
    """Every token on a line of its own."""
    if isinstance(value, dict):
        found.setdefault(place, len(lines) + 1)
        lines.append("{")
        for index, (key, item) in enumerate(value.items()):
            if index:
                lines.append(",")
            found.setdefault((*place, json.dumps(key, ensure_ascii=False)[1:-1]), len(lines) + 1)
            lines += [json.dumps(key, ensure_ascii=False), ":"]
            write(item, (*place, json.dumps(key, ensure_ascii=False)[1:-1]), lines, found)
        lines.append("}")
    elif isinstance(value, list):
        found.setdefault(place, len(lines) + 1)
        lines.append("[")
        for index, item in enumerate(value):
            if index:
                lines.append(",")
            write(item, (*place, index), lines, found)
        lines.append("]")
    else:
        found.setdefault(place, len(lines) + 1)
        lines.append(json.dumps(value, ensure_ascii=False))


@given(VALUES)
def test_every_value_is_found_on_its_line(value: Any) -> None:
    lines: list[str] = []
    found: dict[Place, int] = {}
    write(value, (), lines, found)
    text = "\n".join(lines)
    for place, line in found.items():
        assert line_of(text, place) == line


@given(st.text(max_size=80), st.lists(st.text(max_size=3) | st.integers(0, 3), max_size=4))
def test_any_text_has_some_line(text: str, place: list[str | int]) -> None:
    assert 1 <= line_of(text, tuple(place)) <= text.count("\n") + 1


def test_what_is_not_there_stands_where_its_parent_is() -> None:
    text = '{\n"a": [\n{"b": 1}\n]\n}'
    assert line_of(text, ("a", 0, "missing")) == 3
    assert line_of(text, ("missing",)) == 1
