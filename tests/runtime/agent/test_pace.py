"""When each word of a text is heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.runtime.agent.pace import Pace


@given(st.text(max_size=200), st.lists(st.floats(0, 20), max_size=8))
def test_the_words_joined_are_the_piece(written: str, seconds: list[float]) -> None:
    captions = Pace().captions(written, written)
    found = [captions.until(second) for second in sorted(seconds)]
    assert "".join(text or "" for text in [*found, captions.rest()]) == written
    assert captions.rest() is None


def test_words_are_spread_by_their_length() -> None:
    captions = Pace().captions("one two three four ", "one two three four")
    captions.lasts(1.9)
    begins = {text: tenth for tenth in range(20) if (text := captions.until(tenth / 10 + 0.05))}
    assert begins == {"one ": 0, "two ": 4, "three ": 8, "four ": 14}


def test_what_is_not_spoken_takes_no_time() -> None:
    captions = Pace().captions("See https://example.com/a/long/address now ", "See now")
    captions.lasts(1.0)
    assert captions.until(0.01) == "See "
    assert captions.rest() == "https://example.com/a/long/address now "


def test_a_slow_voice_is_got_used_to() -> None:
    pace = Pace()
    for _ in range(8):
        pace.learn("a hundred letters a minute " * 2, 54 * 0.6)
    captions = pace.captions("six six", "six six")
    assert (captions.until(2.3), captions.until(2.5)) == ("six ", "six")
    pace.learn("nothing was given", 0)
    captions = pace.captions("six six", "six six")
    assert (captions.until(2.3), captions.until(2.5)) == ("six ", "six")


@pytest.mark.parametrize(
    ("written", "words"),
    [("今日は 良い。", ["今", "日", "は ", "良", "い。"]), ("  a  b\n\nc ", ["  a  ", "b\n\n", "c "]), ("", [])],
)
def test_what_a_word_is(written: str, words: list[str]) -> None:
    captions = Pace().captions(written, written)
    found = [captions.until(second / 100) for second in range(1, 2000)]
    assert [text for text in found if text] == words
