"""Arguments that models write a little wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.runtime.agent.tool_arguments import repaired

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", {}),
        ("  ", {}),
        ("null", {}),
        ('{"city": "Paris",}', {"city": "Paris"}),
        ('{"city": "Paris"', {"city": "Paris"}),
        ('{"city": "Paris', {"city": "Paris"}),
        ('{"city": {"name": "Paris"}, "days": [1, 2', {"city": {"name": "Paris"}, "days": [1, 2]}),
        ('{"city": "Paris", "da', {"city": "Paris"}),
        ('{"city": "Paris", "days":', {"city": "Paris"}),
        ("{'city': 'Paris', 'warm': True, 'rain': None}", {"city": "Paris", "warm": True, "rain": None}),
        ("{'text': 'it's fine', 'n': 1}", {"text": "it's fine", "n": 1}),
        ("{city: Paris, days: 3, share: 0.5}", {"city": "Paris", "days": 3, "share": 0.5}),
        ('```json\n{"city": "Paris"}\n```', {"city": "Paris"}),
        ('Here it is: {"city": "Paris"};', {"city": "Paris"}),
        ('{"city": "Paris"}}', {"city": "Paris"}),
        ('"{\\"city\\": \\"Paris\\"}"', {"city": "Paris"}),
        ('{"text": "one\ntwo", "more": [1, 2,],}', {"text": "one\ntwo", "more": [1, 2]}),
        ('{"text": "\\u00e9\\ud83d\\ude00\\n",}', {"text": "é😀\n"}),
    ],
)
def test_what_was_meant_is_read(written: str, meant: dict[str, object]) -> None:
    assert json.loads(repaired(written)) == meant


@pytest.mark.parametrize(
    "written",
    [
        "Paris",
        "[1, 2]",
        '{"a": 1}{"b": 2}',
        '{"a" 1}',
        "{,:}",
        '{"a": "\\uzzzz"}',
        "{" * 5000,
        '{"a":' * 5000,
        "3",
        '"Paris"',
        '"{{"',
    ],
)
def test_what_cannot_be_read_stays(written: str) -> None:
    assert repaired(written) == written


@given(OBJECTS)
def test_json_stays_as_it_is(value: dict[str, object]) -> None:
    text = json.dumps(value)
    assert repaired(text) == text


@given(OBJECTS, st.integers(0, 200))
def test_what_breaks_off_keeps_its_whole_members(value: dict[str, object], kept: int) -> None:
    """Cut anywhere, the members that were complete are there, and it is JSON again."""
    text = json.dumps(value)
    read = json.loads(repaired(text[: max(1, min(kept, len(text)))]))
    whole = list(value)[: max(0, len(read) - 1)]
    assert {name: read[name] for name in whole} == {name: value[name] for name in whole}


@given(st.text(alphabet="{}[]:,'\"\\ abn1u0.-tTN\n", max_size=60))
def test_any_text_is_answered(text: str) -> None:
    out = repaired(text)
    assert out == text or isinstance(json.loads(out), dict)
