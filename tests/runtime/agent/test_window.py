"""The part of a conversation that a model is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.llm_server import complaint
from vox.config.llm import LlmSettings
from vox.llm.body import Dialect, chat_body
from vox.llm.chat import ChatRequest, Message, Tool, ToolCall
from vox.runtime.agent.window import estimate, groups_of, tokens_of, window

SYSTEM = Message("system", "Be short.")


def user(text: str) -> Message:
    return Message("user", text)


def said(text: str) -> Message:
    return Message("assistant", text)


def called(*ids: str) -> tuple[Message, ...]:
    call = Message("assistant", tool_calls=tuple(ToolCall(key, "f", "{}") for key in ids))
    return (call, *(Message("tool", "1", tool_call_id=key) for key in ids))


TALK = (SYSTEM, user("a"), said("b"), user("c"), *called("1", "2"), said("d"), user("e"))


def test_what_fits_stays_as_it_is() -> None:
    assert window(TALK) == TALK
    assert window(TALK, 100, 10_000) == TALK
    assert window((), 1, 1) == ()
    assert window((SYSTEM, said("Hello."), user("a")), 2) == (SYSTEM, said("Hello."), user("a"))


@pytest.mark.parametrize(
    ("most", "kept"),
    [(8, TALK[1:]), (7, TALK[3:]), (6, TALK[3:]), (5, TALK[-1:]), (2, TALK[-1:]), (1, TALK[-1:])],
)
def test_the_latest_messages_from_a_users_on_with_whole_calls(most: int, kept: tuple[Message, ...]) -> None:
    assert window(TALK, most) == (SYSTEM, *kept)


def test_the_last_group_is_kept_whatever_its_size() -> None:
    calls = called("1", "2", "3")
    assert window((user("a"), *calls), 2) == calls
    assert window((user("a"), user("b" * 1000)), None, 10) == (user("b" * 1000),)


def test_tokens_count_instructions_and_tools() -> None:
    talk = tuple(user("word " * 20) for _ in range(10))
    one = tokens_of(talk[0])
    assert len(window(talk, None, 3 * one)) == 3
    long = Message("system", "word " * 20)
    assert len(window((long, *talk), None, 3 * one)) == 1 + 2
    tool = Tool("f", "word " * 15)
    assert len(window(talk, None, 3 * one, (tool,))) == 2


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 1),
        ("The quick brown fox jumps over the lazy dog and runs away.", 12, 20),
        ("Быстрая коричневая лиса прыгает через ленивую собаку.", 15, 40),
        ("敏捷的棕色狐狸跳过懒狗", 11, 14),
    ],
)
def test_the_estimate_errs_to_the_safe_side(text: str, least: int, most: int) -> None:
    assert least <= estimate(text) <= most


def test_calls_weigh_something() -> None:
    call = Message("assistant", tool_calls=(ToolCall("1", "f", '{"city": "Rome"}' * 10),))
    assert tokens_of(call) > 40


TALKS = st.lists(
    st.builds(lambda text: (user(text),), st.text(max_size=9))
    | st.builds(lambda text: (said(text),), st.text(max_size=9))
    | st.just((SYSTEM,))
    | st.lists(st.uuids().map(str), min_size=1, max_size=3, unique=True).map(lambda ids: called(*ids)),
    max_size=12,
).map(lambda groups: tuple(message for group in groups for message in group))


@given(TALKS, st.none() | st.integers(1, 12), st.none() | st.integers(1, 200))
def test_no_window_splits_calls_from_results(talk: tuple[Message, ...], most: int | None, tokens: int | None) -> None:
    kept = window(talk, most, tokens)
    spoken = [message for message in talk if message.role != "system"]
    shown = [message for message in kept if message.role != "system"]
    assert shown == spoken[len(spoken) - len(shown) :]
    assert sum(message.role == "system" for message in kept) == sum(message.role == "system" for message in talk)
    assert bool(shown) == bool(spoken)
    groups = groups_of(kept)
    if most is not None and len(groups) > 1:
        assert len(shown) <= most
    if kept:
        assert complaint(chat_body(ChatRequest(kept), "m", LlmSettings(), Dialect())) is None
