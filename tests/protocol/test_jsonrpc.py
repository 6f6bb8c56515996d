"""Reading is tolerant where real programs are sloppy, and strict where tolerance would hurt."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.protocol.jsonrpc import MAX_NESTING, ErrorObject, MalformedError, encode, parse, read_error

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), _JSON, max_size=5))
def test_what_is_written_reads_back(message: dict[str, object]) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert parse(line) == message


@given(st.text(st.characters(codec=None), max_size=30))
def test_lone_surrogates_are_mended_on_both_ways(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    assert parse(encode({"text": text})) == {"text": clean}
    assert parse(json.dumps({"text": text}).encode("ascii")) == {"text": clean}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'\xef\xbb\xbf{"a":1}\r', {"a": 1}),
        (b'{"a":NaN,"b":[Infinity,-Infinity]}', {"a": None, "b": [None, None]}),
        (b'  {"a":1}  ', {"a": 1}),
    ],
)
def test_sloppy_but_clear(line: bytes, value: object) -> None:
    assert parse(line) == value


@pytest.mark.parametrize("line", [b"", b"hello", b'{"a":', b"\xff\xfe{}", b'{"a":1} {"b":2}'])
def test_not_json(line: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(line)


@given(st.binary(max_size=200))
def test_garbage_is_malformed_or_a_value_never_a_crash(data: bytes) -> None:
    try:
        parse(data)
    except MalformedError:
        return


@pytest.mark.parametrize("shape", [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("sloppy", [b"", b"NaN"])
def test_nesting_is_bounded(shape: tuple[bytes, bytes], sloppy: bytes) -> None:
    core = sloppy or b"1"
    parse(shape[0] * (MAX_NESTING - 1) + core + shape[1] * (MAX_NESTING - 1))
    for depth in (MAX_NESTING + 2, 5000):
        with pytest.raises(MalformedError):
            parse(shape[0] * depth + core + shape[1] * depth)


def test_many_brackets_side_by_side_are_no_nesting() -> None:
    assert parse(b"[" + b",".join([b"[]"] * 500) + b"]") == [[]] * 500


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("it broke", ErrorObject(-32000, "it broke", {})),
        (
            {"code": -32001, "message": "busy", "data": {"retryAfterMs": 5}},
            ErrorObject(-32001, "busy", {"retryAfterMs": 5}),
        ),
        ({"message": "x", "code": "7", "data": [1]}, ErrorObject(-32000, "x", {})),
        ({}, ErrorObject(-32000, "no message", {})),
        (17, ErrorObject(-32000, "17", {})),
    ],
)
def test_both_forms_of_an_error(value: object, error: ErrorObject) -> None:
    assert read_error(value) == error


@pytest.mark.parametrize("error", ["x" * 10_000, {"code": 1, "message": "x" * 10_000}, {"message": ["x" * 10_000]}])
def test_the_words_of_an_error_have_an_end(error: object) -> None:
    assert len(read_error(error).message) == 2000
