"""The beta's shapes: every pair is exact, nothing given is changed, and there and back is the same."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.doors.realtime.beta import incoming, outgoing, session_from_beta, session_to_beta

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=8), JSON, max_size=3)

SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        "modalities": st.sampled_from([["text", "audio"], ["text"]]),
        "instructions": st.text(max_size=20),
        "voice": st.text(max_size=8),
        "speed": st.floats(0.25, 1.5),
        "input_audio_format": st.sampled_from(["pcm16", "g711_ulaw", "g711_alaw"]),
        "output_audio_format": st.sampled_from(["pcm16", "g711_ulaw", "g711_alaw"]),
        "input_audio_transcription": st.none() | OBJECTS,
        "input_audio_noise_reduction": st.none() | OBJECTS,
        "turn_detection": st.none() | OBJECTS,
        "tools": st.lists(OBJECTS, max_size=2),
        "tool_choice": st.sampled_from(["auto", "none", "required"]),
        "max_response_output_tokens": st.integers(1, 4096) | st.just("inf"),
        "tracing": st.none() | st.just("auto"),
    },
)
"""Sessions of the beta, each field perhaps absent."""


@given(SESSIONS)
def test_a_session_comes_back_as_it_went(session: dict[str, Any]) -> None:
    before = copy.deepcopy(session)
    assert session_to_beta(session_from_beta(session)) == before == session


@given(SESSIONS)
def test_no_name_of_the_beta_is_left(session: dict[str, Any]) -> None:
    today = session_from_beta(session)
    assert not {"modalities", "voice", "turn_detection", "input_audio_format", "max_response_output_tokens"} & {*today}


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(["type", "session", "response", "item"]), JSON))
def test_anything_comes_in(event: dict[str, Any]) -> None:
    before = copy.deepcopy(event)
    incoming(event)
    assert event == before


WEIRD = st.sampled_from(
    [*("audio", "modalities", "voice", "turn_detection", "input_audio_format", "input", "tool_choice", "content")]
)


@given(
    st.sampled_from(["session.update", "transcription_session.update", "response.create", "conversation.item.create"]),
    st.sampled_from(["session", "response", "item"]),
    st.dictionaries(WEIRD, JSON | st.lists(st.fixed_dictionaries({"type": JSON}), max_size=2)),
)
def test_wrong_values_go_through_to_be_refused_by_name(kind: str, name: str, value: dict[str, Any]) -> None:
    event = {"type": kind, name: value}
    before = copy.deepcopy(event)
    incoming(event)
    assert event == before


def test_absent_stays_absent_and_null_stays_null() -> None:
    assert session_from_beta({}) == {}
    assert session_from_beta({"turn_detection": None}) == {"audio": {"input": {"turn_detection": None}}}
    assert session_to_beta({"audio": {"input": {"transcription": None}}}) == {"input_audio_transcription": None}


def test_an_update_is_nested_and_loses_what_is_gone() -> None:
    event = {
        "type": "session.update",
        "event_id": "e1",
        "session": {
            "modalities": ["audio", "text"],
            "voice": "alloy",
            "input_audio_format": "g711_ulaw",
            "turn_detection": {"type": "server_vad", "threshold": 0.4},
            "temperature": 0.8,
            "tool_choice": {"type": "function", "function": {"name": "look"}},
        },
    }
    assert incoming(event) == {
        "type": "session.update",
        "event_id": "e1",
        "session": {
            "output_modalities": ["audio"],
            "tool_choice": {"type": "function", "name": "look"},
            "audio": {
                "input": {
                    "format": {"type": "audio/pcmu"},
                    "turn_detection": {"type": "server_vad", "threshold": 0.4},
                },
                "output": {"voice": "alloy"},
            },
        },
    }


def test_a_transcription_session_is_named_by_its_type() -> None:
    told = incoming({"type": "transcription_session.update", "session": {"input_audio_format": "pcm16"}})
    assert told["type"] == "session.update" and told["session"]["type"] == "transcription"
    answer = outgoing({"type": "session.updated", "event_id": "e", "session": {"type": "transcription", "id": "s"}})
    assert answer == {"type": "transcription_session.updated", "event_id": "e", "session": {"id": "s"}}


@pytest.mark.parametrize("limit", ["max_output_tokens", "max_response_output_tokens"])
def test_a_response_is_asked_for(limit: str) -> None:
    item = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hm."}]}
    told = incoming(
        {"type": "response.create", "response": {"modalities": ["text"], limit: 7, "voice": "v", "input": [item, 3]}}
    )
    assert told["response"] == {
        "output_modalities": ["text"],
        "max_output_tokens": 7,
        "audio": {"output": {"voice": "v"}},
        "input": [{**item, "content": [{"type": "output_text", "text": "Hm."}]}, 3],
    }


@pytest.mark.parametrize(
    ("today", "beta"),
    [
        ("response.output_text.delta", "response.text.delta"),
        ("response.output_text.done", "response.text.done"),
        ("response.output_audio.delta", "response.audio.delta"),
        ("response.output_audio.done", "response.audio.done"),
        ("response.output_audio_transcript.delta", "response.audio_transcript.delta"),
        ("response.output_audio_transcript.done", "response.audio_transcript.done"),
        ("response.function_call_arguments.done", "response.function_call_arguments.done"),
        ("input_audio_buffer.speech_started", "input_audio_buffer.speech_started"),
    ],
)
def test_events_have_their_old_names(today: str, beta: str) -> None:
    assert outgoing({"type": today, "event_id": "e", "delta": "x"}) == {"type": beta, "event_id": "e", "delta": "x"}


@pytest.mark.parametrize("kind", ["conversation.item.done", "input_audio_buffer.timeout_triggered"])
def test_events_that_it_does_not_know_are_kept_back(kind: str) -> None:
    assert outgoing({"type": kind, "event_id": "e", "item_id": "i"}) is None


def test_an_item_is_created_once_and_has_its_old_content() -> None:
    item = {"id": "i", "type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "A"}]}
    event = {"type": "conversation.item.added", "event_id": "e", "previous_item_id": None, "item": item}
    told = outgoing(event)
    assert told is not None and told["type"] == "conversation.item.created" and told["previous_item_id"] is None
    assert told["item"]["content"] == [{"type": "audio", "transcript": "A"}]
    assert item["content"] == [{"type": "output_audio", "transcript": "A"}]


def test_a_response_is_flat() -> None:
    response = {
        "id": "r",
        "output_modalities": ["audio"],
        "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "alloy"}},
        "max_output_tokens": "inf",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "A"}]}],
        "status_details": None,
    }
    told = outgoing({"type": "response.done", "event_id": "e", "response": response})
    assert told is not None
    assert told["response"] == {
        "id": "r",
        "modalities": ["text", "audio"],
        "output_audio_format": "pcm16",
        "voice": "alloy",
        "max_output_tokens": "inf",
        "output": [{"type": "message", "content": [{"type": "text", "text": "A"}]}],
        "status_details": None,
    }


@pytest.mark.parametrize(
    ("param", "told"),
    [
        ("session.audio.input.turn_detection.threshold", "session.turn_detection.threshold"),
        ("session.audio.output.voice", "session.voice"),
        ("response.audio.output.format", "response.output_audio_format"),
        ("session.output_modalities", "session.modalities"),
        ("session.max_output_tokens", "session.max_response_output_tokens"),
        ("response.max_output_tokens", "response.max_output_tokens"),
        ("item.id", "item.id"),
        (None, None),
    ],
)
def test_an_error_names_the_field_that_the_client_wrote(param: str | None, told: str | None) -> None:
    event = outgoing({"type": "error", "event_id": "e", "error": {"type": "t", "message": "m", "param": param}})
    assert event is not None and event["error"] == {"type": "t", "message": "m", "param": told}
