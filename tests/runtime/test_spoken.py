"""Words as they are said."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from pytest import mark

from vox.runtime.spoken import units


@mark.parametrize(
    ("text", "forms"),
    [
        ("7 19 20 85 100", "seven nineteen twenty eighty five one hundred"),
        ("1,234.50", "one thousand two hundred thirty four point five zero"),
        (
            "1234 1900 2005 2010 1805",
            "twelve thirty four nineteen hundred two thousand five twenty ten eighteen o five",
        ),
        ("1st 2nd 3rd 12th 20th 21st", "first second third twelfth twentieth twenty first"),
        ("1000000 2500000", "one million two million five hundred thousand"),
        (
            "9007199254740993",
            "nine zero zero seven one nine nine two five four seven four zero nine nine three",
        ),
        ("50% Dr. O'Neil & Co. H2O ٣", "fifty percent doctor oneil and co h two o three"),
        ("naïve CAFÉ don’t", "naive cafe dont"),
        ("… — 🙂 \n", ""),
    ],
)
def test_forms(text: str, forms: str) -> None:
    assert " ".join(unit.form for unit in units(text)) == forms


@given(st.text(max_size=80))
def test_units_lie_in_the_text_in_order(text: str) -> None:
    found = units(text)
    assert all(0 <= unit.start < unit.end <= len(text) and unit.form for unit in found)
    assert [(unit.start, unit.end) for unit in found] == sorted((unit.start, unit.end) for unit in found)
    assert all(one.end <= two.start or (one.start, one.end) == (two.start, two.end) for one, two in pairwise(found))
