"""An agent's stream, in whatever pieces it comes, and what is no message."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.client.agents.test_http import CHUNKED, pieces_of
from tests.scripted_door import event, message, refused
from vox import errors
from vox.client.agents.message import AgentMessage, message_of
from vox.client.agents.reading import EventReader, messages_path, refusal
from vox.client.discovery import Address

ADDRESS = Address(None, 8771, 1, "", "secret")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_the_request_names_the_agent() -> None:
    path = messages_path("a b/ü")
    assert EventReader(path).request(ADDRESS).startswith(b"GET /openvip/agents/a%20b%2F%C3%BC/messages HTTP/1.1")
    assert messages_path("a", partials=True) == "/agents/a/messages?partials=1"


@given(st.lists(st.text(max_size=30)), st.lists(st.integers(0, 10_000)))
def test_messages_come_whole_wherever_the_stream_is_cut(texts: list[str], cuts: list[int]) -> None:
    wire = CHUNKED + chunk(b": connected\n\n") + b"".join(chunk(event(message(text, "submit"))) for text in texts)
    reader = EventReader("/agents/a/messages")
    assert not reader.begun
    got = [told for piece in pieces_of(wire, cuts) for told in reader.feed(piece)]
    assert [told["text"] for told in got] == texts and reader.begun
    with pytest.raises(ConnectionError):
        reader.end()


def test_a_message_has_what_the_wire_says() -> None:
    raw = message("hello", "newline", language="en", confidence=0.5)
    raw["x_input"]["trigger"] = "ok send"
    assert message_of(raw) == AgentMessage(
        "transcription", raw["id"], "hello", ("newline",), False, "en", 0.5, "ok send", raw
    )
    assert message_of({"type": "transcription", "text": "", "partial": True, "x_input": 1}) is not None


@pytest.mark.parametrize("raw", [1, None, [], {}, {"type": "transcription"}, {"type": "dance", "text": "x"}])
def test_what_is_no_message_is_passed_over(raw: Any) -> None:
    assert message_of(raw) is None


def test_events_that_are_none_do_no_harm() -> None:
    reader = EventReader("/agents/a/messages")
    bad = b"data: {nonsense\n\nid: 7\n\nretry\n\ndata:\n\n"
    two_lines = b'data: {"type":"speech",\ndata: "text":"say this"}\n\n'
    (told,) = reader.feed(CHUNKED + chunk(bad) + chunk(two_lines))
    assert told == {"type": "speech", "text": "say this"}


def test_an_endless_event_ends_the_stream() -> None:
    reader = EventReader("/agents/a/messages")
    reader.feed(CHUNKED)
    with pytest.raises(ConnectionError, match="more than"):
        for _ in range(10):
            reader.feed(chunk(b"x" * (1 << 20)))


def test_a_stream_that_the_daemon_ends_is_lost() -> None:
    reader = EventReader("/agents/a/messages")
    reader.feed(CHUNKED)
    with pytest.raises(ConnectionError):
        reader.feed(b"0\r\n\r\n")


def test_refusals_are_the_daemons_errors() -> None:
    status, body = refused(errors.AgentConflict("Taken.", agent="a"))
    told = refusal(status, json.dumps(body).encode())
    assert type(told) is errors.AgentConflict and told.message == "Taken." and told.details == {"agent": "a"}
    assert "status 502" in refusal(502, b"<html>").message

    reader = EventReader("/agents/a/messages")
    data = json.dumps(body).encode()
    with pytest.raises(errors.AgentConflict, match="Taken"):
        reader.feed(b"HTTP/1.1 409 X\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data))
    reader = EventReader("/agents/a/messages")
    reader.feed(b"HTTP/1.1 409 X\r\n\r\n" + data)
    with pytest.raises(errors.AgentConflict, match="Taken"):
        reader.end()
