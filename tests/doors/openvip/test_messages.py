"""What Vox sends is what the published schema describes, whatever was recognised."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doors.openvip.schema import events, faults
from vox.doors.openvip.messages import event, response, transcription
from vox.doors.openvip.wire import read_message
from vox.runtime.agents.message import Transcription

ID = "7f1a2b3c-0000-4000-8000-000000000000"


def test_a_plain_one() -> None:
    now = datetime(2026, 2, 6, 10, 30, 0, 123456, UTC)
    message = transcription(Transcription(ID, "hello", language="en", confidence=0.5), now)
    origin = message.pop("origin")
    assert origin.startswith("vox/") and message == {
        **{"openvip": "1.0", "type": "transcription", "id": ID, "timestamp": "2026-02-06T10:30:00.123Z"},
        **{"text": "hello", "language": "en", "confidence": 0.5},
    }


def test_submitted() -> None:
    said = Transcription(ID, "", ops=("newline", "submit"), trigger="ok send", op_confidence=1.0)
    sent = transcription(said)["x_input"]
    assert sent.pop("source").startswith("vox/")
    assert sent == {"ops": ["newline", "submit"], "trigger": "ok send", "confidence": 1.0}


def test_chained() -> None:
    first, before = str(uuid4()), str(uuid4())
    message = transcription(Transcription(ID, "a", trace_id=first, parent_id=before))
    assert (message["trace_id"], message["parent_id"]) == (first, before)
    assert not {"trace_id", "parent_id"} & transcription(Transcription(ID, "a", trace_id=first)).keys()


@given(
    st.builds(
        Transcription,
        id=st.uuids(version=4).map(str),
        text=st.text(st.characters(exclude_categories=["Cs"])),
        language=st.none() | st.text(max_size=12) | st.sampled_from(["en", "yue", "zh-Hans", "en_us"]),
        confidence=st.none() | st.floats(),
        partial=st.booleans(),
        ops=st.sampled_from([(), ("submit",), ("newline",), ("newline", "submit")]),
        trigger=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        op_confidence=st.none() | st.floats(),
        trace_id=st.none() | st.uuids().map(str),
        parent_id=st.none() | st.uuids().map(str),
    )
)
def test_everything_is_as_published(said: Transcription) -> None:
    message = transcription(said)
    assert not faults(message)
    assert events(event(message)) == [("transcription", message)]
    assert read_message(message) == message


def test_an_event_is_one_line() -> None:
    frame = event({"type": "speech", "text": "one\ntwo\r\n\u2028three"})
    assert frame.startswith(b"event: speech\ndata: {") and frame.endswith(b"}\n\n") and frame.count(b"\n") == 3


def test_half_a_pair_is_not_sent() -> None:
    with pytest.raises(TypeError):
        event({"type": "speech", "text": "\ud800"})


def test_responses() -> None:
    answer: dict[str, Any] = response(ID, duration_ms=5)
    assert UUID(answer.pop("id")).version == 4
    assert answer == {"openvip": "1.0", "status": "ok", "ref": ID, "duration_ms": 5}
