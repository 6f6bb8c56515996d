"""Sentences for models to speak: some of our own, or the lines of a file."""

from pathlib import Path

from vox.errors import InvalidRequest, NoInput

__all__ = ["SENTENCES", "read_sentences"]

SENTENCES = (
    "The train to the coast leaves at a quarter past eight.",
    "Would you please close the window before it starts to rain?",
    "She bought three apples, a loaf of bread and some fresh cheese.",
    "My parents are building a small house next to the old bridge.",
    "I have never seen so many birds above the valley in winter.",
    "The meeting was moved to Thursday because the manager is ill.",
    "Strong coffee and a short walk are the best way to wake up.",
    "He asked the doctor whether the medicine could be taken at night.",
    "Nobody knows exactly how deep the lake behind the forest is.",
    "Put the blue box on the lower shelf and leave the red one here.",
    "A large crowd watched the game although it was freezing.",
    "Yes, I understand what you mean.",
)
"""Everyday English without names, numbers, rare words, and words that are spelt in two ways: what is misheard is the
speaker's fault, not the text's."""

_MOST = 10_000  # lines; a day of speech


def read_sentences(path: Path) -> tuple[str, ...]:
    """The lines of a text file that are not blank.

    Raises:
        NoInput: It is not there.
        InvalidRequest: It has no line, too many, or is no text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path} is not UTF-8: {error}") from error
    except OSError as error:
        raise NoInput(f"{path}: {error.strerror}; name a text file with a sentence on each line") from error
    sentences = tuple(words for line in lines if (words := line.strip()))
    if not 0 < len(sentences) <= _MOST:
        raise InvalidRequest(f"{path} has {len(sentences)} sentences, one a line; there must be 1 to {_MOST}")
    return sentences
