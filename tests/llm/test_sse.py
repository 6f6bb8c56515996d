"""Events out of bytes, however they are cut and whatever the server makes of the format."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.llm import sse
from vox.llm.sse import DONE, Events, EventTooLong, Whole


def read(*pieces: bytes) -> list[bytes]:
    events = Events()
    return [payload for piece in pieces for payload in events.feed(piece)] + list(events.end())


@pytest.mark.parametrize(
    "stream",
    [
        b'data: {"a":1}\n\ndata: {"b":2}\n\ndata: [DONE]\n\n',
        b'data: {"a":1}\r\n\r\ndata: {"b":2}\r\n\r\ndata: [DONE]\r\n\r\n',
        b'data: {"a":1}\r\rdata: {"b":2}\r\rdata: [DONE]\r\r',
        b'data:{"a":1}\n\ndata:{"b":2}\n\ndata:[DONE]\n\n',
        b'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]\n',
        b': PROCESSING\n\ndata: {"a":1}\n\n: PROCESSING\n\ndata: {"b":2}\n\n:\n\ndata: [DONE]',
        b'event: message\nid: 7\nretry: 1\ndata: {"a":1}\n\n\n\ndata: {"b":2}\n\ndata: [DONE]\n\n',
    ],
)
def test_the_ways_servers_write_events(stream: bytes) -> None:
    assert read(stream) == [b'{"a":1}', b'{"b":2}', DONE]
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == [b'{"a":1}', b'{"b":2}', DONE]


def test_json_over_several_lines_is_one_event() -> None:
    (payload,) = read(b'data: {"a":\ndata: 1}\n\n')
    assert json.loads(payload) == {"a": 1}


def test_what_is_no_json_is_handed_on_as_it_is() -> None:
    assert read(b"data: nonsense\n\n") == [b"nonsense"]


def test_line_separators_inside_json_end_no_line() -> None:
    payload = json.dumps({"text": "a\u2028b\u2029c\x85d"}, ensure_ascii=False).encode()
    assert read(b"data: " + payload + b"\n\n") == [payload]


def test_an_endless_event_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 100)
    events = Events()
    with pytest.raises(EventTooLong):
        list(events.feed(b"data: " + b"x" * 100))
    events = Events()
    with pytest.raises(EventTooLong):
        list(events.feed(b"data: [1,\n" * 40))
    with pytest.raises(EventTooLong):
        Whole().feed(b"x" * 101)


@given(st.binary(max_size=200), st.integers(1, 7))
def test_any_bytes_cut_anyhow_give_the_same_events(stream: bytes, size: int) -> None:
    assert read(stream) == read(*(stream[at : at + size] for at in range(0, len(stream), size)))


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=8), max_size=3), max_size=5), st.integers(1, 9))
def test_what_was_written_is_read(values: list[dict[str, str]], size: int) -> None:
    stream = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
    payloads = read(*(stream[at : at + size] for at in range(0, len(stream), size)))
    assert [json.loads(payload) for payload in payloads] == values


def test_an_event_over_endless_lines_is_refused() -> None:
    with pytest.raises(EventTooLong):
        list(Events().feed(b"data: [" + b"1" * (64 << 10) + b"\ndata: ,\ndata: 1\n"))


def test_a_whole_body_is_one_payload() -> None:
    body = Whole()
    assert [*body.feed(b'{"a"'), *body.feed(b":1}")] == []
    assert list(body.end()) == [b'{"a":1}']
    assert list(Whole().end()) == []
