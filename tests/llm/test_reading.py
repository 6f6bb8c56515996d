"""Answers out of chunks as servers in the field write them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox import errors
from vox.llm.chat import ChatEvent, Finished, FinishReason, TextDelta, ToolCallDelta, Usage
from vox.llm.reading import Reading
from vox.llm.sse import DONE


def chunk(delta: Any = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta or {}, "finish_reason": reason}], **more}


def read(*chunks: Any, done: bool = True, thinking_begun: bool = False) -> list[ChatEvent]:
    reading = Reading("example.com", thinking_begun=thinking_begun)
    payloads = [json.dumps(one).encode() for one in chunks] + ([DONE] if done else [])
    return [event for payload in payloads for event in reading.feed(payload)] + list(reading.end())


def test_a_plain_answer_with_counts_in_a_last_chunk() -> None:
    counts = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    events = read(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo."}),
        chunk(reason="stop"),
        {"choices": [], "usage": counts},
    )
    assert events == [TextDelta("Hel"), TextDelta("lo."), Finished("stop", Usage(9, 2, 4))]


@pytest.mark.parametrize(
    "last",
    [
        chunk(reason="stop", usage={"prompt_tokens": 9, "completion_tokens": 2}),
        chunk(reason="stop", x_groq={"usage": {"prompt_tokens": 9, "completion_tokens": 2}}),
        chunk(reason="stop", usage={"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": None}),
    ],
)
def test_counts_wherever_they_stand(last: dict[str, Any]) -> None:
    assert read(chunk({"content": "a"}, usage=None), last)[-1] == Finished("stop", Usage(9, 2, 0))


def test_counts_that_are_no_numbers_count_nothing() -> None:
    assert read(chunk(reason="stop", usage={"prompt_tokens": None, "completion_tokens": "2"}))[-1] == Finished(
        "stop", Usage(0, 0)
    )


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
    ],
)
def test_why_it_ended(told: str, meant: FinishReason) -> None:
    assert read(chunk({"content": "a"}), chunk(reason=told)) == [TextDelta("a"), Finished(meant)]


def test_calls_are_the_reason_whatever_the_server_says() -> None:
    call = {"id": "c1", "function": {"name": "f", "arguments": "{}"}}
    events = read(chunk({"role": "assistant", "content": "", "tool_calls": [call]}), chunk(reason="stop"))
    assert events == [ToolCallDelta(0, "c1", "f", "{}"), Finished("tool_calls")]


def test_running_out_of_room_in_a_call_stays_the_reason() -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": '{"a'}}
    assert read(chunk({"tool_calls": [call]}), chunk(reason="length"))[-1] == Finished("length")


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning": "Hm."},
        {"reasoning_content": "Hm."},
        {"content": "<think>Hm.</think>"},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
    ],
)
def test_thoughts_are_not_shown_but_count_as_a_sign_of_life(delta: dict[str, Any]) -> None:
    reading = Reading("example.com")
    assert list(reading.feed(json.dumps(chunk(delta)).encode())) == []
    assert reading.written == 1


def test_text_in_parts_and_a_refusal_are_text() -> None:
    parts = [{"type": "text", "text": "Yes"}, {"text": "."}, "x", {"type": "image_url"}]
    assert read(chunk({"content": parts}), chunk({"refusal": " No."})) == [
        TextDelta("Yes."),
        TextDelta(" No."),
        Finished("stop"),
    ]


def test_an_answer_that_was_not_streamed() -> None:
    message = {"role": "assistant", "content": "Hello.", "tool_calls": None}
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}
    assert read(body, done=False) == [TextDelta("Hello."), Finished("stop", Usage(1, 0))]


def test_the_end_may_be_told_by_either_mark() -> None:
    assert read(chunk({"content": "a"}), done=True)[-1] == Finished("stop")
    assert read(chunk({"content": "a"}, "stop"), done=False)[-1] == Finished("stop")


def test_an_answer_without_an_end_was_cut() -> None:
    with pytest.raises(errors.LlmFailed, match="broke off"):
        read(chunk({"content": "a"}), done=False)


def test_what_looked_like_a_mark_is_shown_at_the_end() -> None:
    assert read(chunk({"content": "a <th"}, "stop")) == [TextDelta("a "), TextDelta("<th"), Finished("stop")]


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"error": {"message": "Out of memory", "code": 500}}, errors.LlmFailed),
        ({"error": {"message": "Slow down", "code": 429}}, errors.RateLimited),
        ({"error": {"message": "Slow down", "type": "rate_limit_exceeded"}}, errors.RateLimited),
        ({"error": {"message": "Busy", "type": "overloaded_error"}}, errors.LlmUnavailable),
        ({"error": "Out of memory"}, errors.LlmFailed),
        (chunk(reason="error"), errors.LlmFailed),
        ({"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "x"}}]}, errors.LlmUnavailable),
        ([1], errors.LlmFailed),
        ("x", errors.LlmFailed),
    ],
)
def test_a_failure_in_the_middle_is_one(sent: Any, kind: type[errors.VoxError]) -> None:
    with pytest.raises(kind):
        read(chunk({"content": "a"}), sent)


def test_what_is_no_json_is_named() -> None:
    with pytest.raises(errors.LlmFailed, match="no JSON"):
        list(Reading("example.com").feed(b"<html>"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "message",
                    "content",
                    "tool_calls",
                    "function",
                    "index",
                    "id",
                    "usage",
                    "finish_reason",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_chunk_makes_it_fail_in_another_way(value: Any) -> None:
    try:
        list(Reading("example.com").feed(json.dumps(value).encode()))
    except errors.VoxError as error:
        assert "example.com" in error.message


def test_a_thought_that_the_prompt_has_opened_is_left_out() -> None:
    said = chunk({"content": "Hm.</thi"}), chunk({"content": "nk>\n\nHel"}), chunk({"content": "lo."}, "stop")
    assert read(*said, thinking_begun=True) == [TextDelta("Hel"), TextDelta("lo."), Finished("stop", None)]
    assert read(*said)[0] == TextDelta("Hm.</thi")


def test_a_server_that_takes_the_thoughts_out_itself_is_heard_at_once() -> None:
    said = chunk({"reasoning_content": "Hm."}), chunk({"content": "Hello."}, "stop")
    assert read(*said, thinking_begun=True) == [TextDelta("Hello."), Finished("stop", None)]


def test_an_answer_that_is_all_thought_is_no_silence() -> None:
    with pytest.raises(errors.LlmFailed, match=r'never wrote </think>.*"marked"'):
        read(chunk({"content": "Hello."}, "stop"), thinking_begun=True)
    assert read(chunk({"content": "Hm, what"}, "length"), thinking_begun=True) == [Finished("length", None)]
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    assert read(chunk({"tool_calls": [call]}, "stop"), thinking_begun=True)[-1] == Finished("tool_calls", None)
