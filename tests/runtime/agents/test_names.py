"""Names as they are heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.runtime.agents.names import likeness, name_words, nearest

CAST = ["claude", "codex", "gemini", "my-notes", "transcribe"]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("claude", ["claude"]),
        ("my-codeAgent_2", ["my", "code", "agent", "two"]),
        ("GPT", ["gpt"]),
        ("Übersetzer", ["ubersetzer"]),
        ("--", []),
    ],
)
def test_how_an_id_is_said(agent: str, words: list[str]) -> None:
    assert name_words(agent) == words


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("claude", "claude"),
        ("Cloud", "claude"),
        ("clawed", "claude"),
        ("Kodex", "codex"),
        ("code x", "codex"),
        ("Jemini", "gemini"),
        ("my notes", "my-notes"),
        ("transcript", "transcribe"),
        ("banana", None),
        ("", None),
    ],
)
def test_what_is_heard_is_who_is_meant(heard: str, meant: str | None) -> None:
    assert nearest(heard, CAST, 0.5) == meant


def test_an_id_means_itself() -> None:
    assert nearest("codex-2", ["codex", "codex-2"], 0.5) == "codex-2"


def test_a_script_without_sounds_is_compared_as_written() -> None:
    assert nearest("助手", ["助手", "老师"], 0.5) == "助手"


words = st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=12), max_size=4)


@given(words, words)
def test_likeness_is_a_share_and_the_same_for_both(one: list[str], other: list[str]) -> None:
    assert 0.0 <= likeness(one, other) <= 1.0
    assert likeness(one, other) == pytest.approx(likeness(other, one))
    if any(one):
        assert likeness(one, one) == pytest.approx(1.0)


@given(st.text())
def test_no_name_is_too_strange(heard: str) -> None:
    assert nearest(heard, CAST, 0.5) in (*CAST, None)
