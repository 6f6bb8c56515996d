"""English numbers in digits, as words: a transcript that says "20" and one that says "twenty" say the same."""

import re

__all__ = ["spelled", "without_and"]

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((1_000_000_000, "billion"), (1_000_000, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_CURRENCIES = {"$": "dollars", "£": "pounds", "€": "euros"}
_YEARS = range(1100, 2100)  # read in pairs: nineteen eighty four
_LONGEST = 12  # digits; a longer row is a serial number, read digit by digit
_NUMBER_WORDS = frozenset((*_ONES, *_TENS[2:], *_ORDINALS.values()))

_TIME = re.compile(r"\b(\d{1,2}):(\d\d)\b")
_NUMBER = re.compile(r"([$£€])?\s?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(?:(st|nd|rd|th)\b)?(\s?%)?")


def spelled(text: str) -> str:
    """The text, in lower case, with every number in words: cardinals, ordinals, decimals, years, times, amounts."""
    return _NUMBER.sub(_number, _TIME.sub(_time, text))


def without_and(words: list[str]) -> list[str]:
    """The words without the "and" inside numbers: two hundred and five, two hundred five."""
    kept: list[str] = []
    for index, word in enumerate(words):
        between = word == "and" and 0 < index < len(words) - 1 and words[index - 1] in ("hundred", "thousand")
        if not (between and words[index + 1] in _NUMBER_WORDS):
            kept.append(word)
    return kept


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    minutes = "" if not minute else f" oh {_cardinal(minute)}" if minute < 10 else f" {_cardinal(minute)}"
    return f" {_cardinal(hour)}{minutes} "


def _number(found: re.Match[str]) -> str:
    currency, digits, decimals, ordinal, percent = found.groups()
    words = _read(digits, ordinal)
    if decimals:
        words += " point " + _one_by_one(decimals)
    after = _CURRENCIES.get(currency, "") if currency else "percent" if percent else ""
    return f" {words} {after} "


def _read(written: str, ordinal: str | None) -> str:
    digits = written.replace(",", "")
    if len(digits) > _LONGEST or (digits[0] == "0" and len(digits) > 1):
        return _one_by_one(digits)
    value = int(digits)
    if ordinal:
        return _ordinal(value)
    if len(written) == 4 and value in _YEARS and value % 1000 >= 10:
        first, second = divmod(value, 100)
        last = "hundred" if not second else f"oh {_cardinal(second)}" if second < 10 else _cardinal(second)
        return f"{_cardinal(first)} {last}"
    return _cardinal(value)


def _one_by_one(digits: str) -> str:
    return " ".join(_ONES[int(digit)] for digit in digits)


def _cardinal(value: int) -> str:
    if value < 20:
        return _ONES[value]
    for scale, name in _SCALES:
        if value >= scale:
            head, rest = divmod(value, scale)
            return f"{_cardinal(head)} {name}" + (f" {_cardinal(rest)}" if rest else "")
    tens, ones = divmod(value, 10)
    return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")


def _ordinal(value: int) -> str:
    *head, last = _cardinal(value).split()
    plain = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return " ".join([*head, _ORDINALS.get(last, plain)])
