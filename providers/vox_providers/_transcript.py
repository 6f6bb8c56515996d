"""From tokens with times to words and segments."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Word", "mean_confidence", "segments", "words"]

_PAUSE_S = 1.0  # silence between two words after which a subtitle should not stay on
_LONGEST_S = 12.0  # what a reader takes in at once
_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")
_CLOSERS = "\"'”’»)]"


class Word:
    """A word in the recording.

    Attributes:
        text: As the model writes it, with its punctuation.
        start: Seconds from the beginning of the recording.
        end: Likewise.
        logprobs: Log probability of each of its tokens, as far as the model tells.
    """

    __slots__ = ("end", "logprobs", "start", "text")

    def __init__(self, text: str, start: float, end: float) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.logprobs: list[float] = []

    def to_wire(self) -> dict[str, object]:
        """The word as the protocol has it."""
        word: dict[str, object] = {"word": self.text, "start": round(self.start, 3), "end": round(self.end, 3)}
        return {**word, "confidence": round(mean_confidence(self.logprobs), 4)} if self.logprobs else word


def words(
    tokens: Sequence[str],
    starts: Sequence[float],
    logprobs: Sequence[float] | None,
    offset: float,
    longest_token: float,
    limit: float,
) -> list[Word]:
    """Join tokens to words; a token that begins with a space begins a word.

    Args:
        tokens: As onnx-asr returns them.
        starts: When each begins, in seconds.
        logprobs: Of each, if known.
        offset: Added to every time.
        longest_token: Seconds after its start at which a token has ended at the latest.
        limit: Where the audio ends, on the shifted clock.
    """
    found: list[Word] = []
    for number, (token, start) in enumerate(zip(tokens, starts, strict=True)):
        at = start + offset
        if not found or token.startswith(" "):
            if found:
                found[-1].end = max(found[-1].start, min(found[-1].end, at))
            found.append(Word("", at, at))
        word = found[-1]
        word.text += token.strip()
        word.end = max(word.start, min(at + longest_token, limit))
        if logprobs is not None:
            word.logprobs.append(logprobs[number])
    return [word for word in found if word.text]


def segments(found: Sequence[Word]) -> list[dict[str, object]]:
    """Words grouped into sentences; a long pause or a long sentence ends one as well."""
    groups: list[list[Word]] = []
    for word in found:
        last = groups[-1] if groups else None
        if last is None or _ends(last) or word.start - last[-1].end > _PAUSE_S or word.end - last[0].start > _LONGEST_S:
            groups.append([word])
        else:
            last.append(word)
    return [
        {
            "id": number,
            "start": round(group[0].start, 3),
            "end": round(group[-1].end, 3),
            "text": " ".join(word.text for word in group),
        }
        for number, group in enumerate(groups)
    ]


def mean_confidence(logprobs: Iterable[float]) -> float:
    """The geometric mean of token probabilities, 0 to 1; 0 for no tokens."""
    values = list(logprobs)
    return min(1.0, math.exp(math.fsum(values) / len(values))) if values else 0.0


def _ends(group: list[Word]) -> bool:
    return group[-1].text.rstrip(_CLOSERS).endswith(_SENTENCE_ENDS)
