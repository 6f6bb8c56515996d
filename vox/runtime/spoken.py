"""A text as the words that are said, so that what was written can be compared with what was heard.

Each word has a plain form (lower case, without accents and apostrophes) and its place in the text. Numbers become the
words of English that they are read as, because one recogniser writes `42` where another writes `forty two`; in another
language both sides are spelled alike, which is all that comparing needs.
"""

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Unit", "units"]

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # written without spaces: each stands for itself
_SIGNS = "\u0300-\u036f\u0900-\u0dff"  # accents and vowel signs, which are no letters by themselves
_TOKEN = re.compile(
    rf"(?P<number>\d+(?:,\d{{3}})*(?:\.\d+)?)(?P<ordinal>st|nd|rd|th)?(?![^\W\d_])"
    rf"|(?P<digits>\d+)"
    rf"|[{_IDEOGRAPHS}]"
    rf"|(?:[^\W\d_{_IDEOGRAPHS}][{_SIGNS}]*)+(?:['’](?:[^\W\d_{_IDEOGRAPHS}][{_SIGNS}]*)+)*"
    rf"|(?P<symbol>[%&@+])"
)

_SAID = {"mr": "mister", "mrs": "missus", "dr": "doctor", "vs": "versus", "okay": "ok"}
_SYMBOLS = {"%": "percent", "&": "and", "@": "at", "+": "plus"}
_TO_NINE = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TO_NINETEEN = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_SMALL = _TO_NINE + _TO_NINETEEN
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_LARGEST = 10**15  # a longer row of digits is an account or a telephone number, and read digit by digit
_YEARS = range(1100, 2100)  # four digits without a comma in this range are most likely a year


@dataclass(frozen=True, slots=True)
class Unit:
    """One word as it is said, and the piece of the text it stands in; a number has several at one place."""

    form: str
    start: int
    end: int


def units(text: str) -> list[Unit]:
    """The words of a text in their order; places count Unicode code points."""
    found: list[Unit] = []
    for match in _TOKEN.finditer(text):
        found += (Unit(form, match.start(), match.end()) for form in _forms(match))
    return found


def _forms(match: re.Match[str]) -> list[str]:
    if match["number"]:
        return _number(match["number"], ordinal=match["ordinal"] is not None)
    if match["digits"]:
        return _number(match["digits"], ordinal=False)
    if match["symbol"]:
        return [_SYMBOLS[match["symbol"]]]
    form = _plain(match[0])
    return [_SAID.get(form, form)] if form else []


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def _number(written: str, *, ordinal: bool) -> list[str]:
    whole, _, decimals = written.partition(".")
    value = int(whole.replace(",", "")) if len(whole) <= 20 else _LARGEST
    if value >= _LARGEST:
        words = [_digit(digit) for digit in whole if digit != ","]
    elif len(whole) == 4 and value in _YEARS and not decimals and not ordinal:
        words = _year(value)
    else:
        words = _cardinal(value)
    if ordinal:
        words[-1] = _ordinal(words[-1])
    return words + (["point", *map(_digit, decimals)] if decimals else [])


def _digit(character: str) -> str:
    return _SMALL[unicodedata.digit(character, 0)]


def _year(value: int) -> list[str]:
    century, rest = divmod(value, 100)
    if 2000 <= value < 2010:
        return _cardinal(value)
    if not rest:
        return [*_cardinal(century), "hundred"]
    return _cardinal(century) + (["o"] if rest < 10 else []) + _cardinal(rest)


def _cardinal(value: int) -> list[str]:
    if value < 20:
        return [_SMALL[value]]
    if value < 100:
        tens, rest = divmod(value, 10)
        return [_TENS[tens - 2]] + ([_SMALL[rest]] if rest else [])
    scale, name = next(entry for entry in _SCALES if value >= entry[0])
    count, rest = divmod(value, scale)
    return [*_cardinal(count), name] + (_cardinal(rest) if rest else [])


def _ordinal(word: str) -> str:
    if word in _ORDINALS:
        return _ORDINALS[word]
    return (word[:-1] + "ie" if word.endswith("y") else word) + "th"
