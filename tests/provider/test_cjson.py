"""The two JSON functions against the standard library's own."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.provider.cjson import dumps, loads

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def _refuse(value: object) -> object:
    raise TypeError(f"no form for {value!r}")


@given(VALUES)
def test_what_is_written_is_what_json_writes(value: object) -> None:
    assert dumps(value, _refuse) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(VALUES, st.sampled_from(["", " ", "\n\t\r "]))
def test_what_is_read_is_what_json_reads(value: object, space: str) -> None:
    assert loads(space + json.dumps(value, indent=2) + space) == value


@given(st.text() | st.text(alphabet='{}[],:"0123456789truefalsn.e-+ \\'))
def test_what_json_refuses_is_refused(text: str) -> None:
    try:
        expected = json.loads(text.strip(" \t\r\n"), parse_constant=lambda name: None)
    except ValueError:
        with pytest.raises(ValueError):
            loads(text)
    else:
        assert loads(text) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_numbers_without_a_form_are_refused(value: object) -> None:
    with pytest.raises(ValueError):
        dumps(value, _refuse)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(ValueError):
        dumps(value, _refuse)


def test_an_interpreter_without_the_c_half_uses_json() -> None:
    script = (
        "import sys; sys.modules['_json'] = None\n"
        "from vox.provider.cjson import dumps, loads\n"
        "assert 'json' in sys.modules\n"
        "assert loads(' {\"a\": [1, NaN]} ') == {'a': [1, None]}\n"
        "assert dumps({'a': [1, 'é']}, str) == '{\"a\":[1,\"é\"]}'\n"
        "for bad in ('', '1 2', '{'):\n"
        "    try: loads(bad)\n"
        "    except ValueError: continue\n"
        "    raise AssertionError(bad)\n"
    )
    subprocess.run([sys.executable, "-X", "utf8", "-c", script], check=True, timeout=30)
