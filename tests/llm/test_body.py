"""Bodies that strict servers take."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.llm_server import complaint
from vox.config.llm import LlmSettings
from vox.llm.body import Dialect, chat_body
from vox.llm.chat import ChatRequest, Message, Tool, ToolCall

USER = Message("user", "Hello.")
WEATHER = Tool("weather", "Tells it.", {"type": "object", "properties": {"city": {"type": "string"}}})


def body(request: ChatRequest, dialect: Dialect | None = None, **settings: Any) -> dict[str, Any]:
    return chat_body(request, "m", LlmSettings.model_validate(settings), dialect or Dialect())


def test_the_least_that_is_said() -> None:
    assert body(ChatRequest((USER,))) == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "Hello."}],
    }


def test_what_settings_and_request_add() -> None:
    settings = {"temperature": 0.5, "topP": 0.9, "maxTokens": 100, "extraBody": {"seed": 7, "temperature": 0.1}}
    made = body(ChatRequest((USER,), model="other"), **settings)
    assert (made["model"], made["temperature"], made["top_p"], made["max_tokens"], made["seed"]) == (
        "other",
        0.1,
        0.9,
        100,
        7,
    )
    assert body(ChatRequest((USER,), max_tokens=9), **settings)["max_tokens"] == 9


def test_the_dialect_of_the_server() -> None:
    request = ChatRequest((USER,), (WEATHER,), max_tokens=9, parallel_tool_calls=False)
    made = body(request, Dialect(usage=False, tokens_field="max_completion_tokens", parallel=False))
    assert made["max_completion_tokens"] == 9
    assert not made.keys() & {"stream_options", "max_tokens", "parallel_tool_calls"}
    assert body(request)["parallel_tool_calls"] is False


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("auto", None),
        ("none", "none"),
        ("required", "required"),
        ("function:weather", {"type": "function", "function": {"name": "weather"}}),
    ],
)
def test_tools_and_the_choice_among_them(choice: str, told: Any) -> None:
    made = body(ChatRequest((USER,), (WEATHER, Tool("stop")), tool_choice=choice))
    assert made["tools"] == [
        {
            "type": "function",
            "function": {"name": "weather", "description": "Tells it.", "parameters": WEATHER.parameters},
        },
        {"type": "function", "function": {"name": "stop", "parameters": {"type": "object", "properties": {}}}},
    ]
    assert made.get("tool_choice") == told
    assert not body(ChatRequest((USER,), tool_choice=choice)).keys() & {"tools", "tool_choice"}


def test_a_call_and_its_result() -> None:
    called = Message("assistant", tool_calls=(ToolCall("c1", "weather", '{"city":"Rome"}'),))
    said = Message("assistant", "Let me look.", tool_calls=(ToolCall("c2", "weather", '{"city":'),))
    messages = (
        USER,
        called,
        Message("tool", "sunny", tool_call_id="c1"),
        said,
        Message("tool", "?", tool_call_id="c2"),
    )
    made = body(ChatRequest(messages))["messages"]
    assert made[1]["content"] is None and made[1]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}
    ]
    assert made[2] == {"role": "tool", "tool_call_id": "c1", "content": "sunny"}
    assert made[3]["content"] == "Let me look."
    assert made[3]["tool_calls"][0]["function"]["arguments"] == "{}", "templates parse it, and fail at what is no JSON"


def test_system_messages_are_one_at_the_front_or_as_they_were() -> None:
    messages = (Message("system", "A."), USER, Message("system", "B."), Message("system", ""))
    assert body(ChatRequest(messages))["messages"] == [
        {"role": "system", "content": "A.\n\nB."},
        {"role": "user", "content": "Hello."},
    ]
    passed = body(ChatRequest(messages), systemMessages="pass")["messages"]
    assert [message["role"] for message in passed] == ["system", "user", "system", "system"]


@pytest.mark.parametrize(
    ("complaint", "learned"),
    [
        ("Unknown field: stream_options", Dialect(usage=False)),
        ("extra fields not permitted: include_usage", Dialect(usage=False)),
        ("'max_tokens' is not supported, use 'max_completion_tokens'.", Dialect(tokens_field="max_completion_tokens")),
        ("parallel_tool_calls: not allowed", Dialect(parallel=False)),
        ("The context is too long.", None),
    ],
)
def test_what_a_server_refuses_is_learned_once(complaint: str, learned: Dialect | None) -> None:
    assert Dialect().after(complaint) == learned
    if learned is not None:
        assert learned.after(complaint) is None


MESSAGES = st.lists(
    st.builds(Message, st.sampled_from(["system", "user"]), st.text(max_size=5))
    | st.builds(lambda text: Message("assistant", text), st.text(max_size=5)),
    max_size=5,
)


@given(MESSAGES, st.text(max_size=8), st.lists(st.builds(Tool, st.text(min_size=1, max_size=4)), max_size=2))
def test_no_strict_server_complains(messages: list[Message], arguments: str, tools: list[Tool]) -> None:
    call = Message("assistant", tool_calls=(ToolCall("c", "f", arguments),))
    request = ChatRequest(
        (*messages, call, Message("tool", "1", tool_call_id="c")), tuple(tools), tool_choice="required"
    )
    made = json.loads(json.dumps(body(request)))
    assert complaint(made) is None
