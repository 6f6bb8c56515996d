"""Digits as English words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.bench.numbers import spelled, without_and


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("0", "zero"),
        ("13", "thirteen"),
        ("20", "twenty"),
        ("42", "forty two"),
        ("100", "one hundred"),
        ("205", "two hundred five"),
        ("1000", "one thousand"),
        ("1,995", "one thousand nine hundred ninety five"),
        ("1995", "nineteen ninety five"),
        ("1905", "nineteen oh five"),
        ("1900", "nineteen hundred"),
        ("2005", "two thousand five"),
        ("2026", "twenty twenty six"),
        ("3000", "three thousand"),
        ("1200000", "one million two hundred thousand"),
        ("007", "zero zero seven"),
        ("1234567890123", "one two three four five six seven eight nine zero one two three"),
        ("3.14", "three point one four"),
        ("1st", "first"),
        ("22nd", "twenty second"),
        ("12th", "twelfth"),
        ("20th", "twentieth"),
        ("100th", "one hundredth"),
        ("5:30", "five thirty"),
        ("5:05", "five oh five"),
        ("5:00", "five"),
        ("$5", "five dollars"),
        ("£1,000", "one thousand pounds"),
        ("50%", "fifty percent"),
        ("no number", "no number"),
    ],
)
def test_numbers(written: str, words: str) -> None:
    assert spelled(written).split() == words.split()


def test_the_and_inside_a_number_alone_goes() -> None:
    assert without_and(["two", "hundred", "and", "five", "and", "a", "half"]) == [
        "two",
        "hundred",
        "five",
        "and",
        "a",
        "half",
    ]
    assert without_and(["hundred", "and"]) == ["hundred", "and"]


@given(st.text(alphabet="0123456789.,:$%- stndrh", max_size=5000))
def test_no_digit_is_left(text: str) -> None:
    assert not re.search(r"\d", spelled(text))
