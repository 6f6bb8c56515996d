"""Frames read, errors shaped."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.doors.realtime.wire import EventError, error_of, new_id, read_event
from vox.errors import InvalidRequest, LlmFailed, ProviderBusy, QueueTimeout, VoxError


def test_an_event_is_an_object_with_a_type() -> None:
    event = {"type": "response.create", "response": {"metadata": None}}
    assert read_event(json.dumps(event)) == event
    assert read_event(json.dumps(event).encode("utf-8")) == event


@pytest.mark.parametrize(
    ("frame", "code", "event_id"),
    [
        ("", "invalid_json", None),
        ("{", "invalid_json", None),
        (b"\xff\xfe", "invalid_json", None),
        ("[" * 100_000, "invalid_json", None),
        ("[]", "invalid_event", None),
        ('"hello"', "invalid_event", None),
        ("{}", "missing_required_parameter", None),
        ('{"event_id": "mine"}', "missing_required_parameter", "mine"),
        ('{"type": null, "event_id": "mine"}', "invalid_value", "mine"),
        ('{"type": {}, "event_id": {}}', "invalid_value", None),
        (json.dumps({"event_id": "x" * 1000}), "missing_required_parameter", "x" * 512),
    ],
)
def test_what_is_none_is_told(frame: Any, code: str, event_id: str | None) -> None:
    error = read_event(frame)
    assert isinstance(error, EventError)
    assert (error.code, error.event_id) == (code, event_id)
    assert error.shape().keys() == {"type", "code", "message", "param", "event_id"}


@given(st.text() | st.binary())
def test_no_frame_breaks_the_reader(frame: str | bytes) -> None:
    read = read_event(frame)
    assert isinstance(read, EventError) or isinstance(read["type"], str)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (ProviderBusy("full"), "server_error", "rate_limit_exceeded"),
        (QueueTimeout("late"), "server_error", "rate_limit_exceeded"),
        (LlmFailed("broken"), "server_error", "llm_error"),
        (InvalidRequest("wrong"), "invalid_request_error", "invalid_request"),
        (VoxError("ours"), "server_error", "internal"),
    ],
)
def test_our_failures_have_their_shape(error: VoxError, kind: str, code: str) -> None:
    assert error_of(error) == {"type": kind, "code": code, "message": error.message, "param": None}


def test_ids_are_fresh() -> None:
    assert len({new_id("item") for _ in range(100)}) == 100
    assert new_id("resp").startswith("resp_")
