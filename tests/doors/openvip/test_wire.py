"""Messages that are read: everything valid is taken, nothing that could harm a reader is."""

import json
import string
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doors.openvip.schema import cases, faults
from vox.doors.openvip.wire import MAX_NESTING, id_of, language_tag, read_message, read_object
from vox.errors import InvalidRequest

UNLIKE_SCHEMA = "Transcription with x_input extension"  # see published/README.md


def message(**fields: Any) -> dict[str, Any]:
    base = {"openvip": "1.0", "type": "transcription", "id": str(uuid4()), "timestamp": "2026-02-06T10:30:00Z"}
    return {**base, "text": "hello", **fields}


@pytest.mark.parametrize(("what", "data", "valid"), cases(), ids=[case[0] for case in cases()])
def test_published_cases(what: str, data: dict[str, Any], valid: bool) -> None:
    assert (not faults(data)) == (valid and what != UNLIKE_SCHEMA)
    if valid and what != UNLIKE_SCHEMA:
        assert read_message(data) == data
        return
    with pytest.raises(InvalidRequest, match=r"Not OpenVIP v1\.0 compliant"):
        read_message(data)


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-11-21 01:36:51.814209+00:00",
        "2026-11-21T01:36:51Z",
        "2026-11-21t01:36:51.1z",
        "2026-11-21T01:36:51.123456789-03:30",
    ],
)
def test_timestamps_as_clients_write_them(timestamp: str) -> None:
    read = read_message(message(timestamp=timestamp))
    assert not faults(read) and "T" in read["timestamp"]


@pytest.mark.parametrize(
    "timestamp",
    ["", "now", 1, None, "2026-11-21", "2026-11-21T01:36:51", "2026-13-21T01:36:51Z", "2026-11-21T25:00:00Z", "٢" * 20],
)
def test_what_is_no_time(timestamp: Any) -> None:
    with pytest.raises(InvalidRequest, match="timestamp must be"):
        read_message(message(timestamp=timestamp))


@pytest.mark.parametrize("name", ["openvip", "type", "id", "timestamp", "text"])
def test_what_is_required(name: str) -> None:
    given = message()
    del given[name]
    with pytest.raises(InvalidRequest, match=f"{name} is missing"):
        read_message(given)
    with pytest.raises(InvalidRequest, match=f"{name} must be"):
        read_message(message(**{name: None}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("openvip", 1.0),
        ("openvip", "2.0"),
        ("type", ["speech"]),
        ("id", "1"),
        ("id", "{7f0a7d5c-4f0e-4a53-9f0d-0f4a6f0c9b11}"),
        ("text", 5),
        ("origin", 5),
        ("language", "yue"),
        ("language", "en-us"),
        ("language", "en\n"),
        ("confidence", True),
        ("confidence", "1"),
        ("confidence", 1.5),
        ("partial", 0),
        ("voice", {}),
        ("x_any", None),
        ("x_any", []),
        ("x_any", "text"),
        ("x_input", {}),
        ("x_input", {"submit": True}),
        ("x_input", {"ops": []}),
        ("x_input", {"ops": ["jump"]}),
        ("x_input", {"ops": ["submit"], "confidence": 2}),
        ("x_input", {"ops": ["submit"], "trigger": 2}),
        ("x_input", {"ops": ["submit"], "source": []}),
        ("x_input", "submit"),
        ("x_agent_switch", {}),
        ("x_agent_switch", {"target": None}),
        ("x_agent_switch", {"target": "a", "confidence": -1}),
        ("x_agent_switch", 3),
    ],
)
def test_wrong_fields(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=rf"Not OpenVIP v1\.0 compliant: {name}"):
        read_message(message(**{name: value}))


def test_nulls_are_left_out() -> None:
    names = ("origin", "language", "confidence", "partial", "trace_id", "parent_id", "voice")
    given = message(x_input={"ops": ["submit"], "trigger": None, "confidence": None})
    assert read_message({**given, **dict.fromkeys(names)}) == {**given, "x_input": {"ops": ["submit"]}}


def test_one_of_the_chain_is_not_enough() -> None:
    with pytest.raises(InvalidRequest, match="go together"):
        read_message(message(trace_id=str(uuid4())))
    chained = message(trace_id=str(uuid4()), parent_id=str(uuid4()))
    assert read_message(chained) == chained


def test_wrapped_extensions_come_to_their_place() -> None:
    read = read_message(message(x_b={"own": 1}, additional_properties={"x_input": {"ops": ["submit"]}, "x_b": {}}))
    assert read["x_input"] == {"ops": ["submit"]} and read["x_b"] == {"own": 1} and "additional_properties" not in read
    with pytest.raises(InvalidRequest, match="x_input"):
        read_message(message(additional_properties={"x_input": {"submit": True}}))
    for value in ({"x_a": {}, "b": 1}, {}, [], "x_a"):  # nobody's wrapping: a field like any other
        assert read_message(message(additional_properties=value))["additional_properties"] == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{} {}",
        b"\xff{}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"text": "\\ud800"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"a":' * (MAX_NESTING + 1) + b"1" + b"}" * (MAX_NESTING + 1),
        b'{"a":' + b"[" * MAX_NESTING + b"]" * MAX_NESTING + b"}",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
)
def test_bodies_that_are_no_object(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"Not OpenVIP v1\.0 compliant: the body"):
        read_object(body)


def test_bodies_that_are_one() -> None:
    deep = b'{"a":' * MAX_NESTING + b"1" + b"}" * MAX_NESTING
    assert orjson.dumps(read_object(deep)) == deep
    wide = json.dumps({"a": [[] for _ in range(1000)]}).encode("ascii")
    assert len(read_object(wide)["a"]) == 1000


def test_ids() -> None:
    number = str(uuid4())
    assert id_of({"id": number}) == number and id_of({"id": number.upper()}) == number.upper()
    assert [id_of(value) for value in ({}, {"id": 1}, {"id": number + "\n"}, {"id": number[:-1]})] == [None] * 4


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        *[
            ("en", "en"),
            ("EN", "en"),
            ("en-us", "en-US"),
            ("en_US", "en-US"),
            ("zh-Hans", "zh"),
            ("zh-Hans-CN", "zh-CN"),
        ],
        *[("de-DE-1996", "de-DE"), ("pt-br", "pt-BR"), (" fr ", "fr"), ("es-419", "es")],
        *[("yue", None), ("haw", None), ("auto", None), ("english", None), ("", None), (None, None), ("e", None)],
    ],
)
def test_language_tags(name: str | None, tag: str | None) -> None:
    assert language_tag(name) == tag


@given(st.text(max_size=20))
def test_every_language_tag_fits(name: str) -> None:
    tag = language_tag(name)
    assert tag is None or not faults(message(language=tag))


_LEAVES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
_NAMES = st.sampled_from(
    [
        *("openvip", "type", "id", "timestamp", "text", "origin", "language", "confidence", "partial", "trace_id"),
        *("parent_id", "voice", "x_input", "x_agent_switch", "x_other", "other", "additional_properties"),
    ]
)
_LIKELY = st.sampled_from(
    [
        *("1.0", "speech", "2026-02-06 10:30:00Z", "en", 0.5, True, {"ops": ["submit"]}, {"target": "a"}, {"x_a": {}}),
        *("7f1a2b3c-0000-4000-8000-000000000000", {"x_a": 1}),
    ]
)


@given(st.dictionaries(_NAMES, _LIKELY | _VALUES, max_size=6))
def test_what_is_taken_is_as_published(fields: dict[str, Any]) -> None:
    """Whatever comes: it is refused, or may be sent on to the strictest reader."""
    try:
        read = read_message({**message(), **fields})
    except InvalidRequest:
        return
    assert not faults(read)
    assert read_message(read) == read


@given(st.binary(max_size=200) | st.text(alphabet=string.printable, max_size=200).map(lambda text: text.encode()))
def test_any_bytes(body: bytes) -> None:
    try:
        value = read_object(body)
    except InvalidRequest:
        return
    assert orjson.loads(orjson.dumps(value)) == value
