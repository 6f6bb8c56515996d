"""How much of a spoken text was heard when its sound was cut off."""

from dataclasses import dataclass

__all__ = ["Mark", "heard_of"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of a transcript, and when its sound begins in the item's audio."""

    text: str
    start_ms: int


def heard_of(marks: list[Mark], audio_ms: int, end_ms: int) -> list[Mark]:
    """The pieces that were heard by `end_ms`: whole ones, and of the one that was under way the words that are likely
    to have been said, as if each character took the same time.

    Args:
        marks: The pieces of the text, in order.
        audio_ms: How long the whole sound is.
    """
    if end_ms >= audio_ms:
        return marks
    begun = [mark for mark in marks if mark.start_ms < end_ms]
    if not begun:
        return []
    *whole, last = begun
    later = [mark.start_ms for mark in marks[len(begun) :]]
    share = (end_ms - last.start_ms) / max(1, (later[0] if later else audio_ms) - last.start_ms)
    return [*whole, Mark(_words_within(last.text, share), last.start_ms)]


def _words_within(text: str, share: float) -> str:
    """The beginning of a text up to the last word that ended within `share` of it; blanks at its end go with it."""
    at = round(min(1.0, share) * len(text))
    if at >= len(text.rstrip()):
        return text
    is_without_blanks = not text.isascii() and " " not in text.strip()  # Chinese, Japanese: any character may end it
    if text[at].isspace() or is_without_blanks:
        return text[:at].rstrip()
    return text[: max(0, text.rfind(" ", 0, at))]
