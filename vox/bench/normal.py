"""Texts as words that can be compared: what two people would write differently for the same speech is made the same.

For every language: compatible Unicode forms (NFKC), lower case, no remarks in brackets, no punctuation. For English
besides: hesitations go, titles and common contractions are written out, numbers in digits become words, British
spellings of common words American ones. Languages written without spaces are compared character by character.
"""

import re
import unicodedata

from vox.bench.numbers import spelled, without_and

__all__ = ["normal_words"]

_WITHOUT_SPACES = frozenset(("ja", "km", "lo", "my", "th", "yue", "zh"))
_REMARK = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>")
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ＇`", "'"))
_HESITATIONS = frozenset(("hm", "hmm", "mm", "mmm", "mhm", "uh", "um", "uhm"))
_TITLES = {"mr": "mister", "mrs": "missus", "dr": "doctor", "prof": "professor", "st": "saint"}
_CONTRACTIONS = (
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"\blet's\b"), "let us"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"\b(it|that|there|here|what|he|she|who)'s\b"), r"\1 is"),
)
_SPELLINGS = (
    (
        re.compile(
            r"\b((?:un|dis|mis)?(?:arm|behavi|col|endeav|fav|flav|harb|hon|hum|lab|neighb|od|rum|sav|vap|vig))our"
        ),
        r"\1or",
    ),
    (re.compile(r"\b((?:kilo|centi|milli)?(?:cent|fib|lit|met|theat))re(s?)\b"), r"\1er\2"),
    (
        re.compile(r"\b((?:apolog|civil|critic|emphas|organ|real|recogn|summar|symbol)i)s(e|ed|es|ing|ation|ations)\b"),
        r"\1z\2",
    ),
    (re.compile(r"\bgrey"), "gray"),
    (re.compile(r"\b(cancel|label|model|travel)l(ed|er|ers|ing)\b"), r"\1\2"),
)


def normal_words(text: str, language: str = "en") -> list[str]:
    """The words of a text, ready to be compared.

    Args:
        language: BCP 47 tag; only its first part counts.
    """
    text = unicodedata.normalize("NFKC", text).lower().translate(_APOSTROPHES)
    text = _REMARK.sub(" ", text)
    tongue = language.replace("_", "-").partition("-")[0].lower()
    if tongue == "en":
        return _english(text)
    words = _words(text)
    return list("".join(words)) if tongue in _WITHOUT_SPACES else words


def _english(text: str) -> list[str]:
    for pattern, instead in _CONTRACTIONS + _SPELLINGS:
        text = pattern.sub(instead, text)
    words = [_TITLES.get(word, word) for word in _words(spelled(text)) if word not in _HESITATIONS]
    return without_and(words)


def _words(text: str) -> list[str]:
    """What stands between spaces and punctuation; an apostrophe counts as a letter inside a word."""
    kept = "".join(character if character == "'" or _is_letter(character) else " " for character in text)
    return [word for piece in kept.split() if (word := piece.strip("'"))]


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"  # marks too: vowels of many scripts are marks
