"""Frames in both dialects: any bytes get a well-formed answer or a call, and every error is rendered by both."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox import errors
from vox.doors.rpc.wire import Call, read, write_error, write_event, write_push, write_result

IDS = st.text(max_size=8) | st.integers(-(2**53), 2**53) | st.none() | st.booleans()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EVERY_ERROR = [errors.VoxError, *errors.VoxError.__subclasses__()]


def calls(frame: bytes) -> list[Call]:
    """The calls of a frame that has no faults."""
    found, replies = read(frame)
    assert not replies
    return found


def fault(frame: bytes) -> dict[str, Any]:
    """The one reply to a frame without a call."""
    found, replies = read(frame)
    assert not found and len(replies) == 1
    assert replies[0].endswith(b"\n") and replies[0].count(b"\n") == 1
    return json.loads(replies[0])


@given(st.binary(max_size=200))
def test_any_bytes_are_calls_or_a_reply(frame: bytes) -> None:
    found, replies = read(frame)
    for reply in replies:
        assert json.loads(reply)["error"]
    for call in found:
        assert write_result(call, {}).endswith(b"\n")


@given(VALUES)
def test_any_json_is_calls_or_a_reply(value: Any) -> None:
    found, replies = read(json.dumps(value).encode("utf-8"))
    assert all(json.loads(reply)["error"] for reply in replies)
    assert found or replies or value == []


@given(IDS, st.text(min_size=1, max_size=20), st.dictionaries(st.text(max_size=5), VALUES, max_size=3), st.booleans())
def test_a_request_comes_through(number: Any, method: str, params: dict[str, Any], strict: bool) -> None:
    head = {"jsonrpc": "2.0"} if strict else {}
    (call,) = calls(json.dumps({**head, "id": number, "method": method, "params": params}).encode("utf-8"))
    assert (call.id, call.method, call.strict) == (number, method, strict)
    assert call.params.keys() == params.keys()


@given(IDS, st.dictionaries(st.text(max_size=5), VALUES, max_size=3), st.booleans())
def test_results_and_events_carry_the_id_as_it_came(number: Any, data: dict[str, Any], strict: bool) -> None:
    call = Call(number, "m", {}, strict)
    result, event = json.loads(write_result(call, data)), json.loads(write_event(call, "models.progress", data))
    assert result["id"] == number and result["result"].keys() == data.keys()
    assert ("jsonrpc" in result) is ("jsonrpc" in event) is strict
    if strict:
        assert event["method"] == "event" and event["params"]["id"] == number and "id" not in event
    else:
        assert event["id"] == number and event["event"] == "models.progress"


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.code)
def test_every_row_of_the_error_table_in_both_dialects(kind: type[errors.VoxError]) -> None:
    error = kind("What happened.", retryAfterMs=7)
    classic = json.loads(write_error(Call("1", "m", {}, False), error))
    assert classic.keys() == {"id", "error", "errorInfo"}
    assert isinstance(classic["error"], str)  # the published client turns it into a string, whatever it is
    if kind in (errors.InvalidRequest, errors.LiveSessionNotFound):
        assert classic["error"] == "What happened."
    else:
        assert classic["error"] == f"{kind.code}: What happened."
    facts = {"code": kind.code, "message": "What happened.", "retryable": kind.retryable, "retryAfterMs": 7}
    assert classic["errorInfo"] == facts
    strict = json.loads(write_error(Call(1, "m", {}, True), error))
    assert strict == {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": kind.rpc_code, "message": "What happened.", "data": facts},
    }


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (b"", {"error": "Invalid JSON", "code": -32700}),
        (b"\n", {"error": "Invalid JSON", "code": -32700}),
        (b"{", {"error": "Invalid JSON", "code": -32700}),
        (b"\xff\xfe", {"error": "Invalid JSON", "code": -32700}),
        (b"7", {"error": "Invalid JSON", "code": -32600}),
        (b'"health"', {"error": "Invalid JSON", "code": -32600}),
        (b"null", {"error": "Invalid JSON", "code": -32600}),
        (b"[]", {"error": "Invalid JSON", "code": -32600}),
        (b"{}", {"id": None, "error": "Missing method"}),
        (b'{"id": "1"}', {"id": "1", "error": "Missing method"}),
        (b'{"id": "1", "method": ""}', {"id": "1", "error": "Missing method"}),
        (b'{"id": "1", "method": 7}', {"id": "1", "error": "Missing method"}),
        (
            b'{"jsonrpc": "2.0", "id": 1}',
            {"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": "Missing method"}},
        ),
        (b'{"id":1,"method":"m","params":' + b"[" * 70 + b"]" * 70 + b"}", {"error": "Invalid JSON", "code": -32700}),
        (b"[" * 200_000, {"error": "Invalid JSON", "code": -32700}),
        (b'{"a":' * 200_000, {"error": "Invalid JSON", "code": -32700}),
    ],
)
def test_what_is_no_request_is_told_so(frame: bytes, reply: dict[str, Any]) -> None:
    assert fault(frame) == reply


def test_a_batch_is_unpacked_and_a_bad_item_costs_only_itself() -> None:
    found, replies = read(b'[{"id":"1","method":"a"},7,{"id":"2"},{"jsonrpc":"2.0","id":3,"method":"b"}]')
    assert [(call.id, call.method, call.strict) for call in found] == [("1", "a", False), (3, "b", True)]
    assert [json.loads(reply)["error"] for reply in replies] == ["Invalid JSON", "Missing method"]


@pytest.mark.parametrize("params", [b"null", b"[1, 2]", b'"x"', b"7"])
def test_parameters_that_are_no_object_are_none(params: bytes) -> None:
    (call,) = calls(b'{"id": 1, "method": "m", "params": ' + params + b"}")
    assert call.params == {}


@pytest.mark.parametrize(
    "number", [b"1" * 30, b"-" + b"9" * 25, b"1e400", b"NaN", b'"\\ud800"', b'{"a":' + b"9" * 40 + b"}"]
)
@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf"])
def test_an_odd_id_can_be_answered(number: bytes, lead: bytes) -> None:
    frame = lead + b'{"id": ' + number + b', "method": "m", "params": {"big": ' + b"7" * 50 + b"}}"
    for call in calls(frame):
        assert json.loads(write_result(call, {"params": call.params}))
        assert json.loads(write_error(call, errors.VoxError("no", params=call.params)))


def test_surrogates_in_an_answer_are_mended() -> None:
    assert json.loads(write_result(Call("\ud800", "m", {}, False), {"text": "a\udfffb"}))["result"]["text"] == "a?b"


@pytest.mark.parametrize("strict", [True, False])
def test_an_event_of_the_connection_names_no_call(strict: bool) -> None:
    line = json.loads(write_push(Call("a", "runtime.subscribe", {}, strict), "runtime.event", {"seq": 1}))
    told = {"event": "runtime.event", "data": {"seq": 1}}
    assert line == ({"jsonrpc": "2.0", "method": "event", "params": told} if strict else told)


def test_a_session_that_ends_by_itself_says_why_in_the_published_form() -> None:
    error = errors.SessionCancelled("The microphone did not open.", reason="starting_timeout")
    frame = json.loads(write_error(Call("1", "m", {}, False), error))
    assert frame["error"] == "session_cancelled:starting_timeout" and frame["errorInfo"]["message"] == error.message
