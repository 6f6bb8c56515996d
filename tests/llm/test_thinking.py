"""Thoughts out of text in pieces."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.llm.thinking import Thinking


def shown(*pieces: str, begun: bool = False) -> str:
    thinking = Thinking(begun=begun)
    return "".join([*map(thinking.feed, pieces), thinking.end()])


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Hello.", "Hello."),
        ("<think>Hm.</think>Hello.", "Hello."),
        ("<think>\nHm.\n</think>\n\nHello.", "Hello."),
        ("<thinking>a < b</thinking>Hello.", "Hello."),
        ("<think></think>Hello.", "Hello."),
        ("Well, <think>hm</think>yes. <think>hm</think>No.", "Well, yes. No."),
        ("<think>I run out of", ""),
        ("a < b and <thin ice> and </think", "a < b and <thin ice> and </think"),
        ("It ends with <thi", "It ends with <thi"),
        ("<think>a</think><think>b</think> c", "c"),
    ],
)
def test_what_is_between_the_marks_is_left_out_wherever_it_is_cut(text: str, rest: str) -> None:
    assert shown(text) == rest
    assert shown(*text) == rest
    for at in range(len(text)):
        assert shown(text[:at], text[at:]) == rest


def test_text_without_marks_is_not_held_back() -> None:
    thinking = Thinking()
    assert thinking.feed("Hello") == "Hello"
    assert thinking.feed(" <") == " "
    assert thinking.feed("b> there") == "<b> there"


@given(st.lists(st.sampled_from(["<", "think>", "<think>", "</think>", "/", "a", " ", "ing>", "</"]), max_size=12))
def test_pieces_make_no_difference(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert shown(*pieces) == shown(text) == shown(*text)
    if not re.search(r"<think(ing)?>", text):
        assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Hm.\n</think>\n\nHello.", "Hello."),
        ("<think>\nHm.</think>Hello.", "Hello."),  # a template that does not open it after all
        ("Hm.</think>Yes. <think>hm</think>No.", "Yes. No."),
        ("I run out of", ""),
    ],
)
def test_a_thought_that_the_prompt_has_opened_is_left_out(text: str, rest: str) -> None:
    assert shown(text, begun=True) == rest
    assert shown(*text, begun=True) == rest
