"""A session's configuration: what an update changes, what it refuses, and how it is shown."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.config.realtime import RealtimeSettings
from vox.doors.realtime.config import Greeting, SessionConfig
from vox.doors.realtime.transcription_config import Transcription
from vox.doors.realtime.turn_config import TurnDetection
from vox.doors.realtime.wire import EventError

TOOL = {"type": "function", "name": "look", "description": "Looks.", "parameters": {"type": "object"}}


def start(**settings: Any) -> SessionConfig:
    return SessionConfig.start(RealtimeSettings.model_validate(settings))


def refused(act: Any, *given: Any) -> EventError:
    with pytest.raises(EventError) as raised:
        act(*given)
    return raised.value


# ---- how it begins and is shown


def test_a_session_begins_with_the_published_defaults() -> None:
    config = SessionConfig.start(RealtimeSettings(instructions="Be kind."), model="gpt-realtime")
    assert config.shape() == {
        "type": "realtime",
        "object": "realtime.session",
        "id": config.id,
        "model": "gpt-realtime",
        "instructions": "Be kind.",
        "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {},
                "noise_reduction": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                    "idle_timeout_ms": None,
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "default", "speed": 1.0},
        },
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "truncation": "auto",
        "tracing": None,
    }
    assert config.id.startswith("sess_")


def test_a_transcription_session_shows_its_input_alone() -> None:
    config = SessionConfig.start(RealtimeSettings(), "transcription", "whisper-1")
    assert config.shape() == {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": config.id,
        "audio": {"input": {**SessionConfig().shape()["audio"]["input"], "transcription": {"model": "whisper-1"}}},
    }


@pytest.mark.parametrize("model", ["gpt-realtime-whisper", "gpt-live-transcribe", "gpt-realtime-whisper-2026-05-07"])
def test_clients_end_the_turns_of_some_of_openais_recognisers(model: str) -> None:
    """They have no detection of turns at OpenAI's, so clients neither ask for it nor turn it off."""
    begun = SessionConfig.start(RealtimeSettings(), "transcription", model)
    named = {"transcription": {"model": model}}
    later = SessionConfig.start(RealtimeSettings(), "transcription").merged({"audio": {"input": named}})
    assert begun.turn_detection is None and later.turn_detection is None
    asked = {**named, "turn_detection": {"type": "server_vad"}}
    assert later.merged({"audio": {"input": asked}}).turn_detection == TurnDetection()
    kept = begun.merged({"audio": {"input": asked}}).merged({"audio": {"input": named}})
    assert kept.turn_detection == TurnDetection()
    assert SessionConfig().merged({"audio": {"input": named}}).turn_detection == TurnDetection()
    turned = SessionConfig().merged({"type": "transcription", "audio": {"input": named}})
    assert turned.turn_detection is None


def test_the_settings_are_what_a_session_begins_with() -> None:
    turns = {"threshold": 0.3, "prefix_padding_ms": 100, "silence_duration_ms": 700}
    config = start(turn_detection=turns, instructions="Sing.", greeting="Good day.")
    assert config.turn_detection == TurnDetection(threshold=0.3, prefix_padding_ms=100, silence_duration_ms=700)
    assert (config.instructions, config.greeting) == ("Sing.", Greeting(text="Good day."))
    assert start(turn_detection={"enabled": False}).turn_detection is None


def test_what_is_only_told_when_it_is_there() -> None:
    config = replace(start(), expires_at=7, include=("a",), parallel_tool_calls=True, latency_events=True)
    shape = config.shape()
    assert (shape["expires_at"], shape["include"], shape["parallel_tool_calls"]) == (7, ["a"], True)
    assert shape["vox"] == {"latency_events": True}


# ---- updates


def test_only_what_is_named_changes_however_deep_it_lies() -> None:
    config = start().merged({"audio": {"input": {"turn_detection": {"threshold": 0.8}}}})
    assert config.turn_detection == TurnDetection(threshold=0.8)
    config = config.merged({"type": "realtime", "audio": {"output": {"voice": "anna"}}})
    config = config.merged({"audio": {"input": {"transcription": {"language": "de"}}}})
    config = config.merged({"audio": {"input": {"transcription": {"model": "whisper-1", "prompt": "Vox"}}}})
    assert config.transcription == Transcription("whisper-1", "de", "Vox")
    assert (config.voice, config.turn_detection) == ("anna", TurnDetection(threshold=0.8))
    assert config.merged({}) == config


@pytest.mark.parametrize("empty", [None, "", {}, {"text": ""}, {"prompt": "", "text": None}])
def test_an_empty_greeting_is_none(empty: Any) -> None:
    config = start(greeting="Good day.").merged({"vox": {"greeting": empty}})
    assert config.greeting is None


def test_null_and_empty_values_clear() -> None:
    config = start().merged({"instructions": "Sing.", "tools": [TOOL], "vox": {"greeting": "Hi."}})
    config = config.merged({"instructions": "", "tools": [], "vox": {"greeting": None}})
    assert (config.instructions, config.tools, config.greeting) == ("", (), None)
    given = {"turn_detection": None, "transcription": None, "noise_reduction": None}
    off = config.merged({"audio": {"input": given}})
    assert (off.turn_detection, off.transcription) == (None, None)
    shape = off.shape()["audio"]["input"]
    assert {name: shape[name] for name in given} == given
    on = off.merged({"audio": {"input": {"turn_detection": {"type": "server_vad"}, "transcription": {}}}})
    assert (on.turn_detection, on.transcription) == (TurnDetection(), Transcription())


def test_what_the_stock_javascript_client_sends_at_first_is_taken() -> None:
    """As @openai/agents-realtime 0.20 does."""
    config = start().merged({"type": "realtime", "tracing": "auto"})
    config = config.merged(
        {
            "type": "realtime",
            "instructions": "Talk.",
            "model": "gpt-realtime-2.1",
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "noise_reduction": None,
                    "transcription": {"model": "gpt-4o-mini-transcribe"},
                    "turn_detection": {"type": "semantic_vad"},
                },
                "output": {"format": {"type": "audio/pcm", "rate": 24000}, "speed": 1},
            },
            "tool_choice": "auto",
            "tools": [TOOL],
        }
    )
    shape = config.shape()
    assert (shape["model"], shape["tracing"], shape["tools"]) == ("vox", None, [TOOL])
    assert shape["audio"]["input"]["transcription"] == {"model": "gpt-4o-mini-transcribe"}
    assert shape["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }


@pytest.mark.parametrize(("eagerness", "ms"), [("low", 900), ("medium", 600), ("auto", 600), ("high", 350)])
def test_eagerness_is_a_silence(eagerness: str, ms: int) -> None:
    given = {"type": "semantic_vad", "eagerness": eagerness, "interrupt_response": False}
    turns = start().merged({"audio": {"input": {"turn_detection": given}}}).turn_detection
    assert turns is not None and turns.silence_ms == ms and turns.idle_ms is None
    assert turns.shape() == {**given, "create_response": True}


def test_what_older_clients_call_things_is_understood() -> None:
    config = start().merged({"modalities": ["text", "audio"], "audio": {"input": {"format": "g711_ulaw"}}})
    assert (config.output_modality, config.input_format) == ("audio", "audio/pcmu")
    assert config.merged({"modalities": ["text"]}).output_modality == "text"
    chat = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    config = config.merged({"tools": [chat], "tool_choice": {"type": "function", "function": {"name": "look"}}})
    assert config.tools == ({**TOOL, "description": ""},)
    assert config.tool_choice == {"type": "function", "name": "look"}
    assert config.merged({"audio": {"output": {"voice": {"id": "anna"}}}}).voice == "anna"


def test_formats_of_the_telephone_have_no_rate() -> None:
    audio = {"input": {"format": {"type": "audio/pcma"}}, "output": {"format": {"type": "audio/pcmu", "rate": 8000}}}
    shape = start().merged({"audio": audio}).shape()["audio"]
    assert (shape["input"]["format"], shape["output"]["format"]) == ({"type": "audio/pcma"}, {"type": "audio/pcmu"})


IN = "session.audio.input"


@pytest.mark.parametrize(
    ("patch", "param"),
    [
        ([], "session"),
        ({"type": "speech"}, "session.type"),
        ({"audio": 1}, "session.audio"),
        ({"audio": {"input": []}}, "session.audio.input"),
        ({"instructions": 1}, "session.instructions"),
        ({"output_modalities": ["video"]}, "session.output_modalities"),
        ({"output_modalities": []}, "session.output_modalities"),
        ({"output_modalities": "audio"}, "session.output_modalities"),
        ({"max_output_tokens": 0}, "session.max_output_tokens"),
        ({"max_output_tokens": 4097}, "session.max_output_tokens"),
        ({"max_output_tokens": "many"}, "session.max_output_tokens"),
        ({"max_output_tokens": True}, "session.max_output_tokens"),
        ({"max_output_tokens": 1.5}, "session.max_output_tokens"),
        ({"prompt": {"id": "pmpt_1"}}, "session.prompt"),
        ({"tools": {}}, "session.tools"),
        ({"tools": [1]}, "session.tools[0]"),
        ({"tools": [TOOL, {"type": "function"}]}, "session.tools[1].name"),
        ({"tools": [{"type": "mcp", "server_url": "https://example.org"}]}, "session.tools[0].type"),
        ({"tools": [{**TOOL, "name": ""}]}, "session.tools[0].name"),
        ({"tools": [{**TOOL, "name": "x" * 129}]}, "session.tools[0].name"),
        ({"tools": [{**TOOL, "parameters": "none"}]}, "session.tools[0].parameters"),
        ({"tool_choice": "sometimes"}, "session.tool_choice"),
        ({"tool_choice": {"type": "function"}}, "session.tool_choice.name"),
        ({"tool_choice": {"type": "mcp", "name": "x"}}, "session.tool_choice.type"),
        ({"include": "all"}, "session.include"),
        ({"include": [1]}, "session.include"),
        ({"parallel_tool_calls": "yes"}, "session.parallel_tool_calls"),
        ({"vox": {"latency_events": 1}}, "session.vox.latency_events"),
        ({"vox": {"greeting": 1}}, "session.vox.greeting"),
        ({"audio": {"output": {"speed": 2}}}, "session.audio.output.speed"),
        ({"audio": {"output": {"speed": float("nan")}}}, "session.audio.output.speed"),
        ({"audio": {"output": {"voice": 1}}}, "session.audio.output.voice"),
        ({"audio": {"output": {"voice": "x" * 257}}}, "session.audio.output.voice"),
        ({"audio": {"output": {"format": "mp3"}}}, "session.audio.output.format"),
        ({"audio": {"input": {"format": {"type": "audio/mp3"}}}}, f"{IN}.format.type"),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}}, f"{IN}.format.rate"),
        ({"audio": {"input": {"transcription": "whisper-1"}}}, f"{IN}.transcription"),
        ({"audio": {"input": {"transcription": {"model": 1}}}}, f"{IN}.transcription.model"),
        ({"audio": {"input": {"turn_detection": {"type": "magic"}}}}, f"{IN}.turn_detection.type"),
        ({"audio": {"input": {"turn_detection": {"threshold": 1.1}}}}, f"{IN}.turn_detection.threshold"),
        ({"audio": {"input": {"turn_detection": {"threshold": "0.5"}}}}, f"{IN}.turn_detection.threshold"),
        ({"audio": {"input": {"turn_detection": {"prefix_padding_ms": -1}}}}, f"{IN}.turn_detection.prefix_padding_ms"),
        (
            {"audio": {"input": {"turn_detection": {"silence_duration_ms": 1e9}}}},
            f"{IN}.turn_detection.silence_duration_ms",
        ),
        ({"audio": {"input": {"turn_detection": {"idle_timeout_ms": 4999}}}}, f"{IN}.turn_detection.idle_timeout_ms"),
        ({"audio": {"input": {"turn_detection": {"create_response": 0}}}}, f"{IN}.turn_detection.create_response"),
        ({"audio": {"input": {"turn_detection": {"eagerness": "wild"}}}}, f"{IN}.turn_detection.eagerness"),
    ],
)
def test_what_cannot_be_is_refused_by_name(patch: Any, param: str) -> None:
    config = start()
    before = config.shape()
    error = refused(config.merged, patch)
    assert (error.param, error.type) == (param, "invalid_request_error")
    assert error.code in ("invalid_value", "missing_required_parameter")
    assert error.message and config.shape() == before


def test_numbers_may_be_written_as_floats_and_zero_is_one() -> None:
    given = {"silence_duration_ms": 0, "prefix_padding_ms": 0.0, "idle_timeout_ms": 5000.0}
    turns = start().merged({"audio": {"input": {"turn_detection": given}}}).turn_detection
    assert turns == TurnDetection(silence_duration_ms=0, prefix_padding_ms=0, idle_timeout_ms=5000)
    assert turns.idle_ms == 5000
    back = start().merged({"audio": {"input": {"turn_detection": {**given, "idle_timeout_ms": None}}}})
    assert back.turn_detection is not None and back.turn_detection.idle_timeout_ms is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10_000) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "audio",
                    "input",
                    "output",
                    "format",
                    "turn_detection",
                    "transcription",
                    "tools",
                    "name",
                    "voice",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_comes_an_update_succeeds_whole_or_is_refused(patch: Any) -> None:
    try:
        config = start().merged(patch)
    except EventError as error:
        assert error.message and error.param
    else:
        assert SessionConfig(id=config.id).merged(config.shape()).shape().keys() <= config.shape().keys()
