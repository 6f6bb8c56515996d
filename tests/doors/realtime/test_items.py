"""Items that clients make."""

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.doors.realtime.items import MAX_AUDIO, read_audio, read_item
from vox.doors.realtime.shapes import item_shape
from vox.doors.realtime.wire import EventError

SOUND = b64encode(bytes(48 * 20)).decode("ascii")


def message(*parts: dict[str, Any], role: str = "user", **fields: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": list(parts), **fields}


def refused(value: object) -> EventError:
    with pytest.raises(EventError) as raised:
        read_item(value)
    return raised.value


@pytest.mark.parametrize(
    ("given", "content"),
    [
        (message({"type": "input_text", "text": "hi"}), [{"type": "input_text", "text": "hi"}]),
        (message({"type": "input_text", "text": ""}), [{"type": "input_text", "text": ""}]),
        (message({"type": "text", "text": "hi"}, role="assistant"), [{"type": "output_text", "text": "hi"}]),
        (message({"type": "output_text", "text": "hi"}, role="assistant"), [{"type": "output_text", "text": "hi"}]),
        (
            message({"type": "output_audio", "transcript": "hi", "audio": SOUND}, role="assistant"),
            [{"type": "output_audio", "transcript": "hi"}],
        ),
        (
            message({"type": "audio", "transcript": "hi"}, role="assistant"),
            [{"type": "output_audio", "transcript": "hi"}],
        ),
        (message({"type": "input_audio", "audio": SOUND}), [{"type": "input_audio", "transcript": None}]),
        (message({"type": "input_audio", "transcript": "hi"}), [{"type": "input_audio", "transcript": "hi"}]),
        (
            message({"type": "input_text", "text": "be kind"}, role="system"),
            [{"type": "input_text", "text": "be kind"}],
        ),
        ({"type": "message", "role": "user", "content": "hi"}, [{"type": "input_text", "text": "hi"}]),
        ({"type": "message", "role": "assistant", "content": "hi"}, [{"type": "output_text", "text": "hi"}]),
        (message(), []),
    ],
)
def test_messages_are_read_and_shown_in_ga_shape(given: dict[str, Any], content: list[Any]) -> None:
    item = read_item({**given, "id": "mine"})
    assert item_shape(item) == {
        "id": "mine",
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": given["role"],
        "content": content,
    }


def test_calls_and_their_results_are_read_and_shown() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"at":1}'}
    result = {"type": "function_call_output", "call_id": "c1", "output": "42"}
    for value in (call, result):
        shape = item_shape(read_item({**value, "id": "x", "status": "in_progress"}))
        assert shape == {"id": "x", "object": "realtime.item", "status": "completed", **value}


def test_an_item_without_an_id_is_made_one() -> None:
    first, second = (read_item(message()).id for _ in range(2))
    assert first.startswith("item_") and first != second
    assert read_item(message(id="any string, really")).id == "any string, really"


def test_the_sound_of_an_item_is_kept_and_shown_when_asked_for() -> None:
    item = read_item(message({"type": "input_audio", "audio": SOUND, "transcript": "hi"}))
    assert item.parts[0].audio_ms == 20
    assert item_shape(item, with_audio=True)["content"] == [{"type": "input_audio", "transcript": "hi", "audio": SOUND}]
    odd = read_item(message({"type": "input_audio", "audio": b64encode(b"123").decode("ascii")}))
    assert bytes(odd.parts[0].audio) == b"12"


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ("hello", "item"),
        ({}, "item.type"),
        ({"type": "mcp_call"}, "item.type"),
        ({"type": 1}, "item.type"),
        ({"type": "message", "content": []}, "item.role"),
        ({"type": "message", "role": "robot", "content": []}, "item.role"),
        ({"type": "message", "role": "user"}, "item.content"),
        ({"type": "message", "role": "user", "content": {}}, "item.content"),
        (message(*[{"type": "input_text", "text": ""}] * 257), "item.content"),
        (message({"type": "input_image", "image_url": "data:"}), "item.content[0].type"),
        (message({"type": "input_text", "text": "hi"}, {"type": "output_text", "text": "hi"}), "item.content[1].type"),
        (message({"type": "input_audio"}, role="system"), "item.content[0].type"),
        (message({"type": "input_text"}), "item.content[0].text"),
        (message({"type": "input_text", "text": 1}), "item.content[0].text"),
        (message({"type": "input_audio", "audio": "not base64"}), "item.content[0].audio"),
        (message({"text": "hi"}), "item.content[0].type"),
        (message(id="x" * 257), "item.id"),
        (message(id=1), "item.id"),
        ({"type": "function_call", "call_id": "c1"}, "item.name"),
        ({"type": "function_call", "name": "look"}, "item.call_id"),
        ({"type": "function_call", "name": "look", "call_id": "c", "arguments": {}}, "item.arguments"),
        ({"type": "function_call_output", "output": "x"}, "item.call_id"),
    ],
)
def test_what_is_no_item_is_refused_by_name(given: Any, param: str) -> None:
    error = refused(given)
    assert error.param == param and error.message
    assert error.code in ("invalid_value", "missing_required_parameter", "invalid_audio")


def test_an_image_is_refused_in_words_that_help() -> None:
    assert "nobody here sees" in refused(message({"type": "input_image"})).message


def test_sound_is_at_most_fifteen_mebibytes() -> None:
    most = b64encode(bytes(MAX_AUDIO)).decode("ascii")
    assert len(read_audio(most, "audio")) == MAX_AUDIO
    with pytest.raises(EventError, match="15728641 bytes") as raised:
        read_audio(b64encode(bytes(MAX_AUDIO + 1)).decode("ascii"), "audio")
    assert raised.value.code == "invalid_audio"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=6),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["type", "role", "content", "text", "audio", "id", "call_id"]),
                inner | st.sampled_from(["message", "user", "input_text", "input_audio", "function_call"]),
            )
        ),
        max_leaves=10,
    )
)
def test_whatever_comes_is_an_item_or_refused(value: Any) -> None:
    try:
        shape = item_shape(read_item(value))
    except EventError as error:
        assert error.param and error.message
    else:
        assert shape["id"] and shape["type"] in ("message", "function_call", "function_call_output")
