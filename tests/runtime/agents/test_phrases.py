"""What is said to Vox itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.config.openvip import OpenVipPhrases
from vox.runtime.agents.phrases import Phrasebook, Said

BOOK = Phrasebook(OpenVipPhrases())
CAST = ["claude", "codex"]

plain = st.lists(st.sampled_from(["fix", "the", "bug", "in", "parser", "now", "send", "it", "7"]), max_size=25)


def said(text: str, language: str | None = None) -> Said:
    found = BOOK.find("submit", text, language)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "left", "trigger"),
    [
        ("Fix the bug, ok send.", "Fix the bug", "ok send"),
        ("Fix the bug. Okay, submit!", "Fix the bug.", "Okay, submit"),
        ("Fix it. O.K. send.", "Fix it.", "O.K. send"),
        ("OK send", "", "OK send"),
        ("Fix the bug okay send thank you", "Fix the bug thank you", "okay send"),
        ("ok send the file, ok send", "ok send the file", "ok send"),
    ],
)
def test_words_that_send(text: str, left: str, trigger: str) -> None:
    found = said(text)
    assert (found.text, found.trigger) == (left, trigger)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Mach das weg, okay, absenden.", "de"),
        ("Mach das weg, ok schick ab.", "de-AT"),
        ("Corrige esto, vale, envía.", "es"),
        ("Corrige ça, d'accord, envoie.", "fr"),
        ("Correggi, ok invia.", "it"),
        ("直して オーケー送信", "ja"),
        ("改一下 好的发送", "zh"),
    ],
)
def test_words_of_other_languages(text: str, language: str) -> None:
    assert said(text, language).after == ""
    assert said(text, None).after == "", "whose language nobody knows may be any"
    assert BOOK.find("submit", text, "nl") is None


@pytest.mark.parametrize(
    "text", ["", "Fix the bug.", "ok", "send", "okay then send", "OK. I will send it.", "ok sender", "..."]
)
def test_words_that_do_not(text: str) -> None:
    assert BOOK.find("submit", text) is None


@pytest.mark.parametrize(("behind", "confidence"), [(0, 1.0), (1, 0.95), (2, 0.9), (3, 0.85), (4, None), (40, None)])
def test_confidence_falls_with_each_word_behind(behind: int, confidence: float | None) -> None:
    found = BOOK.find("submit", "fix it ok send" + " word" * behind)
    assert (found and found.confidence) == confidence


def test_only_the_last_words_are_looked_at() -> None:
    book = Phrasebook(OpenVipPhrases(confidence_per_word=0.0, within_words=4))
    assert book.find("submit", "ok send one two")
    assert not book.find("submit", "ok send one two three")


def test_phrases_are_the_users_own() -> None:
    book = Phrasebook(OpenVipPhrases(submit={"*": ["over|done and out", "go"], "de": ["ab die post"]}, mute={}))
    assert book.find("submit", "hello, done and out", "en")
    assert book.find("submit", "hello, go", "en")
    assert not book.find("submit", "hello ok send", "en")
    assert not book.find("submit", "ab die Post", "en")
    assert book.find("submit", "und ab die Post", "de")
    assert not book.find("mute", "ok mute", "en")
    assert book.find("listen", "ok listen", "en")


@pytest.mark.parametrize("phrase", ["|", "...", "| |", "a|"])
def test_a_phrase_without_words_is_never_found(phrase: str) -> None:
    book = Phrasebook(OpenVipPhrases(submit={"*": [phrase]}))
    assert not book.find("submit", "something else")
    assert not book.find("submit", "")


def test_mute_and_listen() -> None:
    mute = BOOK.find("mute", "That is all. Okay, mute.")
    listen = BOOK.find("listen", "ok listen, fix the bug")
    assert mute is not None and mute.before == "That is all."
    assert listen is not None and listen.after == "fix the bug"


@pytest.mark.parametrize(
    ("text", "before", "agent"),
    [
        ("agent codex", "", "codex"),
        ("Fix the bug. Agent Claude, do it", "Fix the bug.", "claude"),
        ("so agent cloud", "so", "claude"),
        ("agent claude no agent codex", "agent claude no", "codex"),
    ],
)
def test_an_agent_is_called(text: str, before: str, agent: str) -> None:
    found = BOOK.find_agent(text, CAST)
    assert found is not None and (found.before, found.agent) == (before, agent)


@pytest.mark.parametrize(
    "text", ["", "agent", "the agent banana", "agents claude", "agent claude" + " word" * 9, "claude"]
)
def test_nobody_is_called(text: str) -> None:
    assert BOOK.find_agent(text, CAST) is None


def test_nobody_is_there_to_be_called() -> None:
    assert BOOK.find_agent("agent claude", []) is None


def test_a_name_of_several_words() -> None:
    found = BOOK.find_agent("agent my notes please", ["my", "my-notes"])
    assert found is not None and (found.agent, found.confidence) == ("my-notes", 1.0)


@given(plain)
def test_text_without_a_phrase_is_left_alone(words: list[str]) -> None:
    for kind in ("submit", "mute", "listen"):
        assert BOOK.find(kind, " ".join(words)) is None
    assert BOOK.find_agent(" ".join(words), CAST) is None


@given(plain, st.sampled_from(["ok send", "Okay, submit.", "OK SEND!"]), st.sampled_from([" ", ", ", ". "]))
def test_a_phrase_at_the_end_is_always_found(words: list[str], phrase: str, between: str) -> None:
    text = " ".join(words)
    found = said(text + between + phrase)
    assert found.confidence == 1.0
    assert found.text.rstrip(".") == text.strip()


@given(st.text(max_size=300), st.sampled_from([None, "en", "de-DE", "zz", ""]))
def test_no_text_is_too_strange(text: str, language: str | None) -> None:
    for kind in ("submit", "mute", "listen"):
        found = BOOK.find(kind, text, language)
        if found is not None:
            assert found.trigger in text and len(found.text) <= len(text)
    call = BOOK.find_agent(text, CAST, language)
    assert call is None or (call.agent in CAST and text.lstrip().startswith(call.before))


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_phrase_is_too_strange(phrase: str, text: str) -> None:
    book = Phrasebook(OpenVipPhrases(submit={"*": [phrase or "x"]}, agent={"*": [phrase or "x"]}))
    book.find("submit", text)
    book.find_agent(text, CAST)
