"""What of a written text is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.runtime.agent.spoken_text import SpokenText


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Plain text, as it is.", "Plain text, as it is."),
        ("**Bold**, *slanted*, __bold__, _slanted_ and ~~gone~~.", "Bold, slanted, bold, slanted and gone."),
        ("***Both*** and `code_name` here.", "Both and code_name here."),
        ("2 * 3 = 6, 2*3 and snake_case stay.", "2 * 3 = 6, 2*3 and snake_case stay."),
        ("# Title\nText follows.", "Title. Text follows."),
        ("> quoted\n> twice", "quoted. twice"),
        ("- apples\n- pears\n- [x] figs\n", "apples. pears. figs."),
        ("1. one\n2. two", "1. one. 2. two"),
        ("One thing.\n\nAnother.", "One thing. Another."),
        ("One (thing)\nanother", "One (thing). another"),
        ("| a | b |\n|---|---|\n| c | d |\n", "a, b. c, d."),
        ("Above\n\n---\n\nbelow", "Above. below"),
        ("See [the page](https://a.b/c_(d)) and ![a picture](x.png).", "See the page and a picture."),
        ("See https://a.b/c?d=e, or www.a.b. Good.", "See, or. Good."),
        ("Write to <mailto:me@a.b> now", "Write to now"),
        ("Line one<br>line two</p>", "Line one. line two"),
        ("Is 3 < 4 > 2?", "Is 3 < 4 > 2?"),
        ("Great 😀👍🏽 job 👨\u200d👩\u200d👧 done ✅!", "Great job done!"),
        ("It is 20 °C ©", "It is 20 °C ©"),
        ("\\*literal\\* and \\_this\\_", "literal and this"),
        ("`a`, `b`", "a, b"),
        ("Run:\n```sh\nrm -rf /\n```\nDone.", "Run: Done."),
        ("~~~\nx = 1\n~~~", ""),
        ("😀", ""),
        ("--- ***", ""),
        ("?! ...", ""),
        ("", ""),
        ("！はい、そうです。", "はい、そうです。"),
        ("价格：**100**元。\n好。", "价格：100元。 好。"),
        ("Don't \"quote\" me – it's 5% off & more; $3.50!", "Don't \"quote\" me – it's 5% off & more; $3.50!"),
        ("-5 degrees, ¿qué? ¡Sí!", "-5 degrees, ¿qué? ¡Sí!"),
    ],
)
def test_what_is_said(written: str, said: str) -> None:
    assert SpokenText().clean(written) == said


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (["Look: ```py\nx = 1. ", "y = 2. ", "z = 3\n``` Good."], ["Look:", "", "Good."]),
        (["See https://a.b/" + "c" * 180, "d" * 20 + "/e.f now. ", "Good."], ["See", "now.", "Good."]),
        (["See https://a.b/" + "c" * 180, "d" * 200, "e Good."], ["See", "", "Good."]),
        (["See https://a.b/", " then. "], ["See", "then."]),
        (["See [the long ", "page](https://a.b/c) now."], ["See the long", "page now."]),
        (["This is **very ", "bold** now."], ["This is very", "bold now."]),
    ],
)
def test_what_began_in_one_piece_goes_on_in_the_next(pieces: list[str], said: list[str]) -> None:
    cleaner = SpokenText()
    assert [cleaner.clean(piece) for piece in pieces] == said


@given(st.lists(st.text(max_size=60), max_size=6))
def test_what_is_said_can_be_said(pieces: list[str]) -> None:
    cleaner = SpokenText()
    for piece in pieces:
        said = cleaner.clean(piece)
        assert said == said.strip() and (not said or any(map(str.isalnum, said)))


@given(st.text(alphabet="[](!)`*_~<>|#-\n h:/.w\\", max_size=300))
def test_marks_alone_take_no_time(written: str) -> None:
    SpokenText().clean(written * 3)


def test_long_runs_of_marks_are_quick() -> None:
    for mark in ("[", "(", "](", "*", "_", "|-", "> ", "- ", "`", "<a", "http://", "#", "\n", "![", "[a]("):
        SpokenText().clean(mark * 2000)
